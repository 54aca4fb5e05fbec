import { unsupported } from '../core/errors'
import { requireFinite } from '../core/linear'
import { topK } from '../core/topK'
import type { Acquisition, ModelView, Query, ScoreSource } from './contract'

/** How many rows a strategy returns. */
export const batchSize = (query: Query): number => Math.min(query.k, query.pool.length)

/** The global rows at positions of the pool. */
export const poolRows = (query: Query, positions: Int32Array): Int32Array => positions.map((i) => query.pool[i])

/** The candidates, then the labelled rows. */
export function withLabeled({ pool, labeled }: Pick<Query, 'pool' | 'labeled'>): Int32Array {
  const rows = new Int32Array(pool.length + labeled.length)
  rows.set(pool)
  rows.set(labeled, pool.length)
  return rows
}

/** The labelled rows with their classes; arrays may hold the rows alone. */
export function labeledRows({ labeled, labels }: Pick<Query, 'labeled' | 'labels'>): {
  readonly rows: Int32Array
  readonly labels: Int32Array
} {
  if (labels.length !== labeled.length) throw unsupported('labels of the labelled rows not given: needs --labels', { expected: '--labels' })
  return { rows: labeled, labels }
}

/** A uniform batch, for methods that compare with labelled rows when there are none yet. */
export const drawnBatch = (query: Query): Acquisition => ({
  rows: poolRows(
    query,
    query.time('choose', () => query.random.sample(query.pool.length, batchSize(query))),
  ),
})

export const noRows: Acquisition = { rows: new Int32Array(0) }

/** The candidates of a query as a score reads them. */
export const sourceOf = (query: Query): ScoreSource => ({
  rows: query.pool,
  model: query.model,
  time: (phase, work) => query.time(phase, work),
})

/** Rows scored outside a run, where nobody keeps a ledger. */
export const scoreSource = (model: ModelView, rows: Int32Array): ScoreSource => ({ rows, model, time: (_, work) => work() })

/** The k best candidates; a score that is not finite is refused by its row. */
export function takeBest(query: Query, scores: Float64Array): Acquisition {
  requireFinite(scores, 'the score', query.pool)
  const positions = query.time('choose', () => topK(scores, batchSize(query)))
  return { rows: poolRows(query, positions), scores }
}
