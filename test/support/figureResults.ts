import { resultSetFrom, type RunInput } from '@engine/analysis'
import { randomFrom } from '@engine/core/random'
import type { RoundRecord } from '@engine/study/events'
import type { ResultSet } from '@engine/study/results'
import { defaultStats, roundRecord } from './records'

export interface ResultShape {
  readonly strategies?: readonly string[]
  readonly datasets?: readonly string[]
  readonly seeds?: number
  readonly rounds?: number
  readonly levels?: readonly string[]
  readonly oracles?: readonly string[]
}

const classes = 4
const perRound = 10

/** Results in which everything a figure may ask for is known: batches, predictions, overlap, times; later strategies are better. */
export function figureResults({
  strategies = ['random', 'badge', 'margin', 'entropy'],
  datasets = ['digits'],
  seeds = 6,
  rounds = 3,
  levels = [],
  oracles = [],
}: ResultShape = {}): ResultSet {
  const random = randomFrom('figures')
  const next = (): number => random.next()
  const path = 'training.weightStart'
  const record = (round: number, place: number, warm: number): RoundRecord => {
    const queried = round < rounds
    const accuracy = 0.5 + 0.1 * round + 0.02 * place + 0.01 * warm + 0.01 * next()
    return {
      ...roundRecord(round, 20 + perRound * round, accuracy),
      metrics: { accuracy, ece: 0.2 - 0.03 * round + 0.01 * next() },
      selection: Array.from({ length: queried ? perRound : 0 }, (_, row) => ({
        row: 100 * round + row,
        label: Math.floor(classes * next()),
        score: next(),
        predicted: Math.floor(classes * next()),
        confidence: next(),
      })),
      diversity: queried ? 5 + next() : null,
      diversityCumulative: 5 + next(),
      classEntropy: queried ? 0.7 + 0.3 * next() : null,
      diagnostics: queried
        ? {
            logme_ped_delta: 0.01 * place + 0.05 * next(),
            tau: 0.03,
            feature_update: Number(next() > 0.5),
            tuning: Number(next() > 0.5),
            b1: 3,
            b2: place,
          }
        : {},
      overlap: queried ? [{ shadow: 'entropy', jaccard: next(), spearman: 2 * next() - 1 }] : [],
      timings: { trainMs: 1000, forwardMs: 10, scoreMs: 100 * place, chooseMs: 1, updateMs: 0, evalMs: 1 },
    }
  }
  const cells = levels.length > 0 ? levels : [null]
  const runs = datasets.flatMap((dataset) =>
    strategies.flatMap((strategy, place) =>
      cells.flatMap((level, warm) =>
        Array.from({ length: seeds }, (_, seed): RunInput => ({
          hash: `${dataset}-${strategy}-${level}-${seed}`,
          dataset,
          strategy,
          seed,
          factors: level === null ? {} : { [path]: level },
          state: {
            status: 'finished',
            initial: Array.from({ length: 20 }, (_, row) => ({
              row,
              label: row % classes,
              score: null,
              predicted: null,
              confidence: null,
            })),
            records: Array.from({ length: rounds + 1 }, (_, round) => record(round, place, warm)),
          },
        })),
      ),
    ),
  )
  return resultSetFrom({
    study: 'figures',
    strategies,
    lines: [],
    oracles,
    factors: levels.length > 0 ? [path] : [],
    stats: defaultStats,
    classes,
    runs,
  })
}
