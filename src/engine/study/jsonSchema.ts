import { z } from '../core/zod'
import { strategyCatalog, type CatalogEntry, type FieldSchema } from './catalog'
import { datasetField, entryName, metricIds, metricsField, sections, studyName } from './fields'
import { isRecord } from './paths'

/** The published JSON Schema (2020-12) of study files, for the command line, the app and editors. */
export function studyJsonSchema(): Readonly<Record<string, unknown>> {
  const section = (key: keyof typeof sections): FieldSchema => fieldOf(sections[key])
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Querent study',
    description: 'A comparison of active-learning strategies: data, model, training, protocol, strategies and ablations.',
    type: 'object',
    additionalProperties: false,
    required: ['dataset', 'strategies'],
    properties: {
      study: fieldOf(studyName),
      dataset: fieldOf(datasetField),
      data: section('data'),
      model: section('model'),
      training: section('training'),
      protocol: section('protocol'),
      strategies: {
        type: 'array',
        minItems: 1,
        description: 'what is compared; the name is used in tables, legends and factor paths',
        items: { $ref: '#/$defs/strategy' },
      },
      shadow: {
        type: 'array',
        default: [],
        description: 'also scored from every state, without labelling',
        items: { $ref: '#/$defs/strategy' },
      },
      ablate: {
        type: 'object',
        default: {},
        description: 'full factorial: section.field or strategies.<name>.<parameter>, each with its levels',
        propertyNames: { pattern: '^((data|model|training|protocol)\\.[A-Za-z]+|strategies\\..+\\.[A-Za-z]+)$' },
        additionalProperties: {
          type: 'array',
          minItems: 1,
          items: { type: ['string', 'number', 'boolean', 'null', 'array'], items: { type: ['string', 'number'] } },
        },
      },
      metrics: { ...fieldOf(metricsField), default: [...metricIds] },
      stats: section('stats'),
      run: section('run'),
    },
    $defs: { strategy: strategySchema() },
  }
}

function strategySchema(): FieldSchema {
  const catalog = strategyCatalog()
  const short = catalog.filter(({ required }) => required.length === 0).map(({ id }) => id)
  return { anyOf: [{ enum: short }, ...catalog.map(entrySchema)] }
}

const entrySchema = ({ id, title, summary, isOpen, parameters, required }: CatalogEntry): FieldSchema => ({
  title,
  description: summary,
  type: 'object',
  additionalProperties: isOpen,
  required: ['id', ...required],
  properties: {
    id: { const: id },
    name: { ...fieldOf(entryName), description: 'unique; the id when left out' },
    rounds: { type: 'integer', minimum: 1, description: 'rounds of this strategy, when they differ from the protocol' },
    ...parameters,
  },
})

/** JSON Schema of what a file may say; `$schema` and the bounds of whole numbers that say nothing are left out. */
function fieldOf(schema: z.ZodType): FieldSchema {
  const { $schema: _, ...field } = z.toJSONSchema(schema, { io: 'input' })
  return withoutNoise(field) as FieldSchema
}

function withoutNoise(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNoise)
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, member]) => !(key === 'maximum' && member === Number.MAX_SAFE_INTEGER))
      .map(([key, member]) => [key, withoutNoise(member)]),
  )
}
