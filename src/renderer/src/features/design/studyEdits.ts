import { removeAt, setAt } from '@engine/study/editStudy'
import { isRecord, type Path } from '@engine/study/paths'
import { readSource } from '@engine/study/source'
import type { FactorValue } from '@engine/study/spec'
import { canonicalJson } from '@engine/core/hash'

/** Edits of a study's text that touch more than one place. Each returns the new text; comments and key order stay. */

export const rawOf = (text: string): Readonly<Record<string, unknown>> => {
  const { value } = readSource(text)
  return isRecord(value) ? value : {}
}
const rawEntries = (text: string): readonly unknown[] => {
  const { strategies } = rawOf(text)
  return Array.isArray(strategies) ? strategies : []
}
const textOf = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')
export const entryId = (entry: unknown): string => textOf(isRecord(entry) ? entry.id : entry)
export const entryName = (entry: unknown): string => (isRecord(entry) && entry.name !== undefined ? textOf(entry.name) : entryId(entry))

export function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, step) => (typeof inner === 'object' && inner !== null ? (inner as Record<string | number, unknown>)[step] : undefined),
    root,
  )
}

const rawFactors = (text: string): Readonly<Record<string, readonly FactorValue[]>> => {
  const { ablate } = rawOf(text)
  return isRecord(ablate) ? (ablate as Readonly<Record<string, readonly FactorValue[]>>) : {}
}

/** Place of a factor's own field: `training.weightStart`, or the parameter of the named strategy. */
export function fieldPath(text: string, factor: string): Path {
  const names = rawEntries(text).map(entryName)
  const own = names
    .map((name, index) => ({ name, index }))
    .filter(({ name }) => factor.startsWith(`strategies.${name}.`))
    .sort((a, b) => b.name.length - a.name.length)[0]
  return own ? ['strategies', own.index, factor.slice(`strategies.${own.name}.`.length)] : factor.split('.')
}

/** Sets the levels of a field: one makes it an ordinary value, two or more a factor. None is not possible. */
export function setLevels(text: string, factor: string, levels: readonly FactorValue[], order: readonly FactorValue[] = []): string {
  if (levels.length === 0) return text
  const rank = (level: FactorValue): number => {
    const at = order.findIndex((known) => canonicalJson(known) === canonicalJson(level))
    return at < 0 ? order.length : at
  }
  const sorted = [...levels].sort((a, b) => rank(a) - rank(b))
  if (sorted.length > 1) return setAt(text, ['ablate', factor], sorted)
  const path = fieldPath(text, factor)
  const single = removeFactor(text, factor)
  return canonicalJson(valueAt(rawOf(single), path) ?? null) === canonicalJson(sorted[0]) ? single : setAt(single, path, sorted[0])
}

/** Makes a factor of a field, beginning with the given levels. */
export const addFactor = (text: string, factor: string, levels: readonly FactorValue[]): string =>
  setAt(text, ['ablate', factor], [...levels])

export function removeFactor(text: string, factor: string): string {
  const factors = rawFactors(text)
  if (!(factor in factors)) return text
  return Object.keys(factors).length === 1 ? removeAt(text, ['ablate']) : removeAt(text, ['ablate', factor])
}

const freeName = (wanted: string, taken: readonly string[]): string => {
  if (!taken.includes(wanted)) return wanted
  for (let i = 2; ; i++) if (!taken.includes(`${wanted}-${i}`)) return `${wanted}-${i}`
}

/** Adds a strategy at the end, under a name that is free. `given` are parameters that the method must have. */
export function addStrategy(text: string, id: string, given: Readonly<Record<string, unknown>> = {}): string {
  const entries = rawEntries(text)
  const name = freeName(id, entries.map(entryName))
  const bare = name === id && Object.keys(given).length === 0
  return setAt(text, ['strategies', entries.length], bare ? id : { id, ...(name === id ? {} : { name }), ...given })
}

/** Adds a method that is asked in every round without labelling. */
export function addShadow(text: string, id: string): string {
  const { shadow } = rawOf(text)
  const entries: readonly unknown[] = Array.isArray(shadow) ? shadow : []
  const name = freeName(id, entries.map(entryName))
  return setAt(text, ['shadow'], [...entries, name === id ? id : { id, name }])
}

export function removeShadow(text: string, index: number): string {
  const { shadow } = rawOf(text)
  const entries: readonly unknown[] = Array.isArray(shadow) ? shadow : []
  return entries.length <= 1 ? removeAt(text, ['shadow']) : removeAt(text, ['shadow', index])
}

export function duplicateStrategy(text: string, index: number): string {
  const entries = rawEntries(text)
  const entry = entries[index]
  const name = freeName(entryName(entry), entries.map(entryName))
  const { id, name: _name, ...rest } = isRecord(entry) ? entry : { id: entry }
  return setAt(text, ['strategies', entries.length], { id, name, ...rest })
}

/** Removes a strategy with its factors; a baseline that goes with it is left to the default. */
export function removeStrategy(text: string, index: number): string {
  const name = entryName(rawEntries(text)[index])
  let next = Object.keys(rawFactors(text))
    .filter((factor) => factor.startsWith(`strategies.${name}.`))
    .reduce(removeFactor, text)
  next = removeAt(next, ['strategies', index])
  return valueAt(rawOf(next), ['stats', 'baseline']) === name ? removeAt(next, ['stats', 'baseline']) : next
}

/** Renames a strategy wherever the study calls it: entry, factor paths, baseline. */
export function renameStrategy(text: string, index: number, name: string): string {
  const entry = rawEntries(text)[index]
  const old = entryName(entry)
  if (name === old) return text
  const id = entryId(entry)
  let next =
    name === id && isRecord(entry) && entry.name !== undefined
      ? removeAt(text, ['strategies', index, 'name'])
      : setAt(text, ['strategies', index, 'name'], name)
  const prefix = `strategies.${old}.`
  for (const [factor, levels] of Object.entries(rawFactors(text)))
    if (factor.startsWith(prefix))
      next = setAt(removeFactor(next, factor), ['ablate', `strategies.${name}.${factor.slice(prefix.length)}`], levels)
  return valueAt(rawOf(next), ['stats', 'baseline']) === old ? setAt(next, ['stats', 'baseline'], name) : next
}

/** Changes the network's type and keeps the fields that the new type has too. */
export function setModelType(text: string, type: string, known: readonly string[]): string {
  const { model } = rawOf(text)
  const kept = isRecord(model) ? Object.fromEntries(Object.entries(model).filter(([key]) => key !== 'type' && known.includes(key))) : {}
  return setAt(text, ['model'], { type, ...kept })
}
