import { strategyCatalog, type CatalogEntry, type FieldSchema } from '@engine/study/catalog'
import { studyJsonSchema } from '@engine/study/jsonSchema'
import { isRecord } from '@engine/study/paths'
import { propertiesOf } from './fieldSchema'

export type SectionName = 'data' | 'model' | 'training' | 'protocol' | 'stats' | 'run'

export interface StudySchema {
  readonly catalog: ReadonlyMap<string, CatalogEntry>
  readonly metrics: FieldSchema
  /** fields of a section by name; for the model those of its type */
  fields(section: SectionName, modelType?: string): Readonly<Record<string, FieldSchema>>
  readonly modelTypes: readonly string[]
}

let made: StudySchema | undefined

/** The study's schema as the form reads it; made once. */
export function useStudySchema(): StudySchema {
  made ??= build()
  return made
}

function build(): StudySchema {
  const properties = propertiesOf(studyJsonSchema())
  const { oneOf } = properties.model
  const models = Array.isArray(oneOf) ? oneOf.filter(isRecord) : []
  const typeOf = (model: Readonly<Record<string, unknown>>): string => String(propertiesOf(model).type?.const)
  return {
    catalog: new Map(strategyCatalog().map((entry) => [entry.id, entry])),
    metrics: properties.metrics,
    modelTypes: models.map(typeOf),
    fields: (section, modelType) => {
      const all = propertiesOf(properties[section])
      // A backbone is what such a model starts from, unless its study says otherwise.
      if (section === 'training' && modelType === 'finetune') return { ...all, weightStart: { ...all.weightStart, default: 'pretrained' } }
      if (section !== 'model') return all
      const { type: _, ...fields } = propertiesOf(models.find((model) => typeOf(model) === modelType) ?? models[0])
      return fields
    },
  }
}
