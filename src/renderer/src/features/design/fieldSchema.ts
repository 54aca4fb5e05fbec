import { isRecord } from '@engine/study/paths'
import type { FieldSchema } from '@engine/study/catalog'

/** How a field of the study is edited, read off its JSON Schema. */
export type FieldKind =
  | { readonly kind: 'choice'; readonly values: readonly string[] }
  | { readonly kind: 'choices'; readonly values: readonly string[] }
  | { readonly kind: 'switch' }
  | { readonly kind: 'number'; readonly integer: boolean; readonly min?: number; readonly max?: number; readonly optional: boolean }
  | { readonly kind: 'numbers' }
  /** a list of texts, one per word */
  | { readonly kind: 'words' }
  /** text, or whatever YAML reads in it: `provided`, `0.2`, `500` */
  | { readonly kind: 'text'; readonly optional: boolean; readonly example: string }

const members = (schema: FieldSchema): readonly FieldSchema[] => {
  const found = schema.anyOf ?? schema.oneOf
  return Array.isArray(found) ? found.filter(isRecord) : []
}
const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((member) => typeof member === 'string') : [])
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)

export function kindOf(schema: FieldSchema): FieldKind {
  const types = typeof schema.type === 'string' ? [schema.type] : texts(schema.type)
  const parts = members(schema)
  const optional = types.includes('null') || parts.some((part) => part.type === 'null')
  const solid = parts.filter((part) => part.type !== 'null')
  if (solid.length === 1) {
    const inner = kindOf({ ...solid[0] })
    return inner.kind === 'number' || inner.kind === 'text' ? { ...inner, optional } : inner
  }
  if (solid.length > 1 && solid.every((part) => part.enum ?? typeof part.const === 'boolean'))
    return { kind: 'choice', values: solid.flatMap((part) => texts(part.enum)) }
  if (solid.length > 1) return { kind: 'text', optional, example: solid.map((part) => valueText(part.const ?? part.type)).join(' or ') }
  if (schema.enum) return { kind: 'choice', values: texts(schema.enum) }
  if (types.includes('boolean')) return { kind: 'switch' }
  if (types.includes('array')) {
    const items = isRecord(schema.items) ? schema.items : {}
    if (items.type === 'string' && !items.enum) return { kind: 'words' }
    return items.enum ? { kind: 'choices', values: texts(items.enum) } : { kind: 'numbers' }
  }
  if (types.includes('integer') || types.includes('number'))
    return { kind: 'number', integer: types.includes('integer'), min: numberOf(schema.minimum), max: numberOf(schema.maximum), optional }
  return { kind: 'text', optional, example: '' }
}

/** `learningRate` → `learning rate`; a title of the schema comes first. */
export function fieldTitle(name: string, schema: FieldSchema): string {
  if (typeof schema.title === 'string') return schema.title
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace(/^./, (letter) => letter.toUpperCase())
}

export const describeField = (schema: FieldSchema): string => (typeof schema.description === 'string' ? schema.description : '')

/** Schemas of an object's fields by name. */
export const propertiesOf = (schema: unknown): Readonly<Record<string, FieldSchema>> =>
  isRecord(schema) && isRecord(schema.properties) ? (schema.properties as Readonly<Record<string, FieldSchema>>) : {}

/** A value as an input shows it. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) return value.map(valueText).join(', ')
  if (isRecord(value)) return JSON.stringify(value)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Numbers separated by commas or spaces; null when any part is not one. */
export function parseNumbers(text: string): number[] | null {
  const parts = text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(Number)
  return parts.every(Number.isFinite) ? parts : null
}

/** Words between blanks; quotes keep blanks in a word. */
export const parseWords = (text: string): string[] => Array.from(text.matchAll(/"([^"]*)"|(\S+)/g), ([, quoted, word]) => quoted ?? word)

export const wordsText = (value: unknown): string =>
  Array.isArray(value) ? value.map((word) => (/\s/.test(String(word)) ? `"${String(word)}"` : String(word))).join(' ') : valueText(value)

/** What a text field means: a number where it reads as one, else the text; empty is null. */
export function parseLoose(text: string): string | number | null {
  const trimmed = text.trim()
  if (trimmed === '') return null
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(trimmed) ? Number(trimmed) : trimmed
}
