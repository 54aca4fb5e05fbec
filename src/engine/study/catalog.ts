import { z } from '../core/zod'
import type { Citation, Strategy } from '../strategies/contract'
import { strategies } from '../strategies/registry'
import { isRecord } from './paths'

/** JSON Schema of one field: what a form needs to draw it. */
export type FieldSchema = Readonly<Record<string, unknown>>

export interface CatalogEntry {
  readonly id: string
  readonly title: string
  readonly summary: string
  readonly sources: readonly Citation[]
  /** drawn as a line; in no pair and no area */
  readonly isLine: boolean
  readonly modelFree: boolean
  /** JSON Schemas by parameter name, with title, description, default, enum */
  readonly parameters: Readonly<Record<string, FieldSchema>>
  /** made of other methods, whose parameters its entry may give too */
  readonly isOpen: boolean
  /** parameters that must be given */
  readonly required: readonly string[]
}

/** Every strategy with its parameters, for forms and documents, in the registry's order. */
export const strategyCatalog = (): CatalogEntry[] => [...strategies.values()].map(catalogEntry)

function catalogEntry(strategy: Strategy): CatalogEntry {
  const { id, title, summary, sources, line, modelFree } = strategy
  const schema: Readonly<Record<string, unknown>> = z.toJSONSchema(strategy.params, { io: 'input' })
  const properties = isRecord(schema.properties) ? schema.properties : {}
  const required = Array.isArray(schema.required) ? schema.required.map(String) : []
  return {
    id,
    title,
    summary,
    sources,
    isLine: line === true,
    modelFree,
    isOpen: strategy.inner !== undefined,
    parameters: properties as Readonly<Record<string, FieldSchema>>,
    required,
  }
}
