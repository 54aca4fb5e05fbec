import type { ResultSet } from '@engine/study/results'
import type { Shown } from './shown'

/** `n = 10 seeds`, or the range where they differ; empty without any. */
export function seedsText(counts: readonly number[]): string {
  if (counts.length === 0) return ''
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)]
  return `n = ${fewest === most ? most : `${fewest}–${most}`} seed${most === 1 ? '' : 's'}`
}

/** What bands and whiskers are. */
export const intervalText = (results: ResultSet): string => `95 % ${results.stats.band === 'bootstrap' ? 'bootstrap' : 't'} intervals`

/** Sentences of a caption; empty parts are left out. */
export const sentences = (...parts: readonly string[]): string =>
  parts
    .filter(Boolean)
    .map((part) => `${part[0].toUpperCase()}${part.slice(1)}.`)
    .join(' ')

/** Explains † where an oracle is shown. */
export const oracleNote = (shown: Shown, strategies: Iterable<string>): string =>
  [...strategies].some((name) => shown.nameOf(name) !== name) ? '† sees the true labels of the pool' : ''

/** As many parts as fit into a line, the first always. */
export function fittingLine(parts: readonly string[], room: number, measure: (text: string) => number): string {
  let line = parts[0]
  for (const part of parts.slice(1)) {
    if (part === '') continue
    if (measure(`${line}, ${part}`) > room) break
    line += `, ${part}`
  }
  return line
}
