import type { QuerentError } from '@engine/core/errors'

/** A column that a foreign table has under a name nobody could guess. */
export interface LackingColumn {
  readonly column: string
  readonly words: string
  readonly header: readonly string[]
  readonly nearest: string | undefined
}

const words: Readonly<Record<string, string>> = {
  strategy: 'Strategy or method',
  seed: 'Seed or repetition',
  labeled: 'Number of labelled samples',
  accuracy: 'Accuracy on test data',
}

/** What to ask the user when a table was refused for want of a column; null for any other error. */
export function lackingColumn({ details }: QuerentError): LackingColumn | null {
  const { expected, found, nearest } = details
  if (typeof expected !== 'string' || typeof found !== 'string' || !(expected in words)) return null
  const header = found.split(' · ')
  return header.length < 2 ? null : { column: expected, words: words[expected], header, nearest: header.find((title) => title === nearest) }
}
