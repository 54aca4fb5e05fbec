import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { resultSetFrom, type RunInput } from '@engine/analysis'
import type { ResultSet } from '@engine/study/results'
import type { StatsSpec } from '@engine/study/spec'
import { defaultStats, roundRecord } from './records'

/** A run that has the given accuracies at the given labels. */
export const runOf = (
  strategy: string,
  seed: number,
  labels: readonly number[],
  accuracies: readonly (number | null)[],
  extra: Partial<Omit<RunInput, 'state'>> & { readonly finished?: boolean } = {},
): RunInput => ({
  hash: `${strategy}-${seed}-${JSON.stringify(extra.factors ?? {})}`,
  dataset: 'digits',
  factors: {},
  ...extra,
  strategy,
  seed,
  state: {
    status: extra.finished === false ? 'running' : 'finished',
    initial: [],
    records: accuracies.map((accuracy, round) => roundRecord(round, labels[round], accuracy)),
  },
})

export const resultsOf = (
  runs: readonly RunInput[],
  stats: Partial<StatsSpec> = {},
  rest: Partial<Omit<ResultSet, 'runs' | 'stats'>> = {},
): ResultSet =>
  resultSetFrom({
    study: 'test-study',
    strategies: [...new Set(runs.map(({ strategy }) => strategy))],
    lines: [],
    factors: [],
    classes: 10,
    ...rest,
    stats: { ...defaultStats, ...stats },
    runs,
  })

const fileSchema = z.object({
  labels: z.array(z.number()),
  curves: z.array(z.object({ strategy: z.string(), seed: z.number(), accuracy: z.array(z.number()) })),
})

/** Whole runs of four strategies on digits (20 seeds, 20 … 220 labels), made with other people's code. */
export function digitsRuns(seeds = 20): RunInput[] {
  const file = fileSchema.parse(
    JSON.parse(readFileSync(resolve(import.meta.dirname, '../reference/data/learning-curve-digits.json'), 'utf8')),
  )
  return file.curves.filter(({ seed }) => seed < seeds).map(({ strategy, seed, accuracy }) => runOf(strategy, seed, file.labels, accuracy))
}
