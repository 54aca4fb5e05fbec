import { cellOfLevel, type FactorValue } from '../study/spec'
import { factorText } from './resultSet'

export const scoreWords: Readonly<Record<string, string>> = {
  'entropy-gradnorm': 'gradient norm',
  entropy: 'entropy',
  margin: 'margin',
  'least-confidence': 'least confidence',
  'variation-ratio': 'variation ratio',
  'gradient-embedding-norm': 'gradient embedding norm',
}
export const batchWords: Readonly<Record<string, string>> = { topk: 'off: top-k', 'kmeans++': 'on: k-means++', kcenter: 'on: k-centre' }

/** Words of the field for the factors that every study may have; other fields are called by their path. */
const titles: readonly (readonly [pattern: RegExp, title: string, levels: Readonly<Record<string, string>>])[] = [
  [/^strategies\.(.+)\.score$/, 'Acquisition score', scoreWords],
  [
    /^training\.weightStart$/,
    'Weights',
    { 'reinit-fresh': 'cold', 'reinit-same': 'cold, same draw', carry: 'warm', 'shrink-perturb': 'shrink–perturb' },
  ],
  [/^protocol\.dataStart$/, 'Initial set', { seeded: 'seeded', empty: 'empty' }],
  [/^strategies\.(.+)\.batch$/, 'Diversity', batchWords],
]

const wordsOf = (path: string) => titles.find(([pattern]) => pattern.test(path))

export const factorTitle = (path: string): string => wordsOf(path)?.[1] ?? path.replace(/^strategies\./, '')

export const levelTitle = (path: string, level: FactorValue): string => {
  const text = level === null || level === cellOfLevel(null) ? 'none' : factorText(level)
  return wordsOf(path)?.[2][text] ?? text
}

type Factors = Readonly<Record<string, FactorValue>>

/** The cell of a run in words: its levels, comma separated, without those that `fixed` says already. */
export const cellTitle = (factors: Factors, fixed: Factors = {}): string =>
  Object.entries(factors)
    .filter(([path, level]) => level !== null && !(path in fixed))
    .map(([path, level]) => levelTitle(path, level))
    .join(', ')
