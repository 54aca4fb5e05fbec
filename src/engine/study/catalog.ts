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

/** Ids of the methods that a value of a combined method names: `alignment@0, entropy@4`, or a list of ids and objects. */
export function partIds(value: unknown): string[] {
  const list: readonly unknown[] = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : []
  return list.flatMap((part) => {
    const id = isRecord(part) ? part.id : part
    return typeof id === 'string' ? [id.split('@')[0].trim()] : []
  })
}

/** Parameters that an entry of a study may give, by name: the method's own, then those of the methods it is made of. */
export function entryParameters(
  catalog: ReadonlyMap<string, CatalogEntry>,
  id: string,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, FieldSchema>> {
  const entry = catalog.get(id)
  if (!entry?.isOpen) return entry?.parameters ?? {}
  const values = Object.entries(entry.parameters).map(([name, { default: preset }]) => given[name] ?? preset)
  // What is none of its parts' has come with a mode of the method: any method with a parameter of this name describes it.
  const holders = [...values.flatMap(partIds), ...catalog.keys()]
  const inner = (strategies.get(id)?.inner?.(given) ?? []).flatMap((name) => {
    const schema = holders.map((holder) => catalog.get(holder)?.parameters[name]).find((found) => found !== undefined)
    return schema && !(name in entry.parameters) ? [[name, schema] as const] : []
  })
  return { ...entry.parameters, ...Object.fromEntries(inner) }
}
