import { isRecord } from '@engine/study/paths'
import type { FieldSchema } from '@engine/study/catalog'
import type { FactorValue } from '@engine/study/spec'

export type ChoiceValue = string | number | boolean

/** How a field of the study is edited, read off its JSON Schema. */
export type FieldKind =
  /** one of some values; `classes`: or a list of class numbers as `{ classes: [3, 5] }` */
  | { readonly kind: 'choice'; readonly values: readonly ChoiceValue[]; readonly classes: boolean }
  | { readonly kind: 'choices'; readonly values: readonly string[] }
  | { readonly kind: 'switch' }
  | { readonly kind: 'number'; readonly integer: boolean; readonly min?: number; readonly max?: number; readonly optional: boolean }
  | { readonly kind: 'numbers'; readonly optional: boolean }
  /** a list of texts, one per word */
  | { readonly kind: 'words' }
  /** methods in order, as text or as a list of ids and objects */
  | { readonly kind: 'methods' }
  /** a method by its id, or as an object with parameters of its own */
  | { readonly kind: 'method' }
  /** text, or whatever YAML reads in it: `provided`, `0.2`, `500`; `words` are texts with a meaning, `list`: several numbers are a list */
  | {
      readonly kind: 'text'
      readonly optional: boolean
      readonly example: string
      readonly words: readonly string[]
      readonly list: boolean
    }

const members = (schema: FieldSchema): readonly FieldSchema[] => {
  const found = schema.anyOf ?? schema.oneOf
  return Array.isArray(found) ? found.filter(isRecord) : []
}
const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((member) => typeof member === 'string') : [])
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
const isChoice = (value: unknown): value is ChoiceValue => ['string', 'number', 'boolean'].includes(typeof value)
/** Values of a part that is an enumeration or a constant; null for any other. */
const choicesOf = (part: FieldSchema): readonly ChoiceValue[] | null =>
  Array.isArray(part.enum) ? part.enum.filter(isChoice) : isChoice(part.const) ? [part.const] : null
const isClasses = (part: FieldSchema): boolean => part.type === 'object' && 'classes' in propertiesOf(part)
const isMethod = (part: FieldSchema): boolean => part.type === 'object' && 'id' in propertiesOf(part)
const isMethodList = (part: FieldSchema): boolean =>
  part.type === 'array' && isRecord(part.items) && members(part.items).some((item) => 'id' in propertiesOf(item))

export function kindOf(schema: FieldSchema): FieldKind {
  const types = typeof schema.type === 'string' ? [schema.type] : texts(schema.type)
  const parts = members(schema)
  const optional = types.includes('null') || parts.some((part) => part.type === 'null')
  const solid = parts.filter((part) => part.type !== 'null')
  if (solid.length === 1) {
    const inner = kindOf({ ...solid[0] })
    return inner.kind === 'number' || inner.kind === 'text' || inner.kind === 'numbers' ? { ...inner, optional } : inner
  }
  if (solid.some(isMethodList)) return { kind: 'methods' }
  if (solid.some(isMethod)) return { kind: 'method' }
  const choices = solid.filter((part) => !isClasses(part)).map(choicesOf)
  if (solid.length > 1 && choices.every((values) => values !== null)) {
    const all = choices.flat()
    // A text and the value that YAML makes of it are one choice: `true`.
    const values = all.filter((value) => typeof value !== 'boolean' || !all.includes(String(value)))
    return { kind: 'choice', values, classes: solid.some(isClasses) }
  }
  if (solid.length > 1) {
    const words = solid.flatMap((part) => choicesOf(part) ?? []).filter((value) => typeof value === 'string')
    const example = solid.map((part) => valueText(part.const ?? part.type)).join(' or ')
    return { kind: 'text', optional, example, words, list: solid.some((part) => part.type === 'array') }
  }
  if (schema.enum) return { kind: 'choice', values: choicesOf(schema) ?? [], classes: false }
  if (types.includes('boolean')) return { kind: 'switch' }
  if (types.includes('array')) {
    const items = isRecord(schema.items) ? schema.items : {}
    if (items.type === 'string' && !items.enum) return { kind: 'words' }
    return items.enum ? { kind: 'choices', values: texts(items.enum) } : { kind: 'numbers', optional }
  }
  if (types.includes('integer') || types.includes('number'))
    return { kind: 'number', integer: types.includes('integer'), min: numberOf(schema.minimum), max: numberOf(schema.maximum), optional }
  return { kind: 'text', optional, example: '', words: [], list: false }
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
  if (isRecord(value)) return 'classes' in value ? `classes ${valueText(value.classes)}` : JSON.stringify(value)
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

/** `parseLoose` as far as a field takes it: ∞ is the word `inf`, several numbers are a list. */
export function parseText(text: string, { words, list }: Pick<FieldKind & { kind: 'text' }, 'words' | 'list'>): FactorValue {
  const plain = text.trim().replace('−', '-')
  const limit = /^[-+]?(∞|\.?inf(inity)?)$/i.test(plain) ? (plain.startsWith('-') ? '-inf' : 'inf') : ''
  if (words.includes(limit)) return limit
  const numbers = list && plain !== '' ? parseNumbers(plain.replace(/^\[(.*)\]$/, '$1')) : null
  return numbers ?? parseLoose(text)
}
