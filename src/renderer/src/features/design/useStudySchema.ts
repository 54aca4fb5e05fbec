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
  /** fields of a backbone that the study pre-trains */
  readonly pretrain: Readonly<Record<string, FieldSchema>>
}

let made: StudySchema | undefined

/** The study's schema as the form reads it; made once. */
export function useStudySchema(): StudySchema {
  made ??= build()
  return made
}

function build(): StudySchema {
  const properties = propertiesOf(studyJsonSchema())
  const types = networkTypes(properties.model)
  return {
    catalog: new Map(strategyCatalog().map((entry) => [entry.id, entry])),
    metrics: properties.metrics,
    modelTypes: types,
    pretrain: pretrainOf(networkFields(properties.model, 'finetune').backbone),
    fields: (section, modelType) => {
      const all = propertiesOf(properties[section])
      // A backbone is what such a model starts from, unless its study says otherwise.
      if (section === 'training' && modelType === 'finetune') return { ...all, weightStart: { ...all.weightStart, default: 'pretrained' } }
      if (section !== 'model') return all
      return networkFields(properties.model, modelType !== undefined && types.includes(modelType) ? modelType : types[0])
    },
  }
}

function pretrainOf({ anyOf }: FieldSchema): StudySchema['pretrain'] {
  const inline = Array.isArray(anyOf) ? anyOf.find((part) => 'pretrain' in propertiesOf(part)) : undefined
  return propertiesOf(propertiesOf(inline).pretrain)
}

/** Schemas of a network's fields by name, without its type. */
export function networkFields(network: FieldSchema, type: string): Readonly<Record<string, FieldSchema>> {
  const found = networksOf(network).find((each) => typeOfNetwork(each) === type)
  const { type: _, ...fields } = propertiesOf(found)
  return fields
}
export const networkTypes = (network: FieldSchema): string[] => networksOf(network).map(typeOfNetwork)
const networksOf = ({ oneOf }: FieldSchema): readonly FieldSchema[] => (Array.isArray(oneOf) ? oneOf.filter(isRecord) : [])
const typeOfNetwork = (network: FieldSchema): string => String(propertiesOf(network).type?.const)
