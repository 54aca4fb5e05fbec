import { QuerentError, type CancelSignal } from '../core/errors'
import { argMax } from '../core/linear'
import type { Matrix } from '../core/matrix'
import { unlabeled, type LabeledPool } from '../data/dataset'
import { jaccard, spearman } from '../metrics/dynamics'
import type { Acquisition, ExternalCommand, Memory, ModelView, Query, SelectionKernels } from '../strategies/contract'
import { strategyOf } from '../strategies/registry'
import type { SelectedSample, ShadowOverlap } from './events'
import type { Ledger } from './ledger'
import { positionOf } from './partition'
import type { Method } from './runHash'
import { readsOf } from './setting'
import type { Streams } from './streams'

/** A trained state that methods choose from. */
export interface QueryState {
  readonly candidates: Int32Array
  readonly labeled: Int32Array
  readonly labels: Int32Array
  readonly k: number
  readonly classes: number
  readonly round: number
  readonly rounds: number
  readonly validation: Query['validation']
  /** true class of every candidate; handed to oracles only */
  readonly truth: Int32Array
  readonly view: { charged(ledger: Ledger): ModelView }
  readonly features: (rows: Int32Array) => Matrix
  readonly recorded?: readonly ArrayLike<number>[]
  readonly external?: ExternalCommand
  readonly kernels: SelectionKernels
  readonly streams: Streams
  readonly signal?: CancelSignal
}

/** Asks a method for its batch, with what it kept of the round before, and checks the answer; its time goes to `ledger`, what it does not name itself to `chooseMs`. */
export async function askMethod(entry: Method, state: QueryState, ledger: Ledger, memory: Memory = {}): Promise<Acquisition> {
  const { candidates, labeled, labels, k, classes, round, rounds, validation, features, recorded, external, kernels, signal } = state
  const query: Query = {
    pool: candidates,
    labeled,
    labels,
    k,
    classes,
    round,
    rounds,
    model: state.view.charged(ledger),
    features,
    validation,
    ...(readsOf(entry).includes('oracle') ? { oracle: state.truth } : {}),
    memory,
    ...(recorded === undefined ? {} : { recorded }),
    ...(external === undefined ? {} : { external }),
    random: state.streams.selection(entry, round),
    kernels,
    ...(signal === undefined ? {} : { signal }),
    time: (phase, work) => ledger.charge(phase === 'score' ? 'scoreMs' : 'chooseMs', work),
  }
  const answer = await ledger.charge('chooseMs', () => strategyOf(entry.id).select(query, entry.params))
  checkAnswer(entry.id, answer, candidates, Math.min(k, candidates.length))
  return answer
}

function checkAnswer(id: string, { rows, scores }: Acquisition, candidates: Int32Array, wanted: number): void {
  const refuse = (found: string, expected: string): QuerentError =>
    new QuerentError('internal', `${id} returned ${found}, not ${expected}`, { found, expected })
  if (rows.length !== wanted) throw refuse(`${rows.length} rows`, `${wanted}`)
  if (new Set(rows).size !== rows.length) throw refuse('a row twice', 'different rows')
  const stray = rows.find((row) => positionOf(candidates, row) < 0)
  if (stray !== undefined) throw refuse(`row ${stray}`, 'rows of the pool')
  if (scores !== undefined && scores.length !== candidates.length) throw refuse(`${scores.length} scores`, `${candidates.length}`)
  if (scores?.some(Number.isNaN)) throw refuse('a score that is not a number', 'numbers')
}

/** The batch with its labels revealed, and what the model said about it before. */
export async function revealed(
  { rows, scores }: Acquisition,
  candidates: Int32Array,
  source: LabeledPool,
  view: ModelView,
): Promise<SelectedSample[]> {
  if (rows.length === 0) return []
  const { data, cols } = await view.probabilities(rows)
  return Array.from(rows, (row, i) => {
    const predicted = argMax(data, i * cols, cols)
    const score = scores?.[positionOf(candidates, row)]
    return { row, label: source.labels[row], score: score ?? null, predicted, confidence: data[i * cols + predicted] }
  })
}

/** How the scores of the batch, and the losses that a module predicted, rank it against its true losses (A§14). */
export async function afterthoughts(
  own: Acquisition,
  selection: readonly SelectedSample[],
  shadows: readonly { readonly name: string; readonly scores: Float64Array | undefined }[],
  candidates: Int32Array,
  view: ModelView,
): Promise<Readonly<Record<string, number>>> {
  if (selection.length === 0 || selection.some(({ label }) => label === unlabeled)) return {}
  const { data, cols } = await view.logProbabilities(own.rows)
  const losses = selection.map(({ label }, i) => -data[i * cols + label])
  const out: Record<string, number> = { picked_loss: losses.reduce((a, b) => a + b) / losses.length }
  const compare = (key: string, values: ArrayLike<number>): void => {
    const rho = spearman(values, losses)
    if (rho !== null) out[key] = rho
  }
  const positions = own.rows.map((row) => positionOf(candidates, row))
  const compareScores = (key: string, scores: Float64Array | undefined): void => {
    if (scores !== undefined)
      compare(
        key,
        Array.from(positions, (i) => scores[i]),
      )
  }
  compareScores('score_loss_spearman', own.scores)
  for (const { name, scores } of shadows) compareScores(`score_loss_spearman.${name}`, scores)
  if (view.capabilities.has('lossPrediction') && view.predictedLosses !== undefined)
    compare('predicted_loss_spearman', await view.predictedLosses(own.rows))
  return out
}

/** How far another method, asked in the same state, would have chosen the same. */
export const overlapOf = (shadow: string, own: Acquisition, other: Acquisition): ShadowOverlap => ({
  shadow,
  jaccard: jaccard(own.rows, other.rows),
  spearman: own.scores && other.scores ? spearman(own.scores, other.scores) : null,
})
