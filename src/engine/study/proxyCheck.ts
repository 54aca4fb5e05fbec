import { argMax, logSoftmax } from '../core/linear'
import type { FitRandom, FitSummary, Model } from '../nn/model'
import type { FeatureAlignment } from '../strategies/contract'
import type { RunEventBody, SelectedSample } from './events'
import { featureScores, isAbove, type Compared, type FeatureScores } from './featureAlignment'
import type { Ledger } from './ledger'
import type { ProxyFeatures } from './proxyFeatures'
import type { Setting } from './setting'

export interface Check {
  readonly alignment: FeatureAlignment
  /** may features still be renewed? */
  readonly mayUpdate: boolean
  readonly round: number
  /** rows that the model of the round trains on, ascending */
  readonly labeled: Int32Array
  /** the batch chosen in the round, with what the proxy said of it */
  readonly batch: readonly SelectedSample[]
  readonly features: ProxyFeatures
  /** trains the model from its start on rows */
  train(rows: Int32Array, random: FitRandom): AsyncGenerator<RunEventBody, FitSummary>
}

/** Rows whose mean and deviation give the scale of a feature (A§12.4). */
const backgroundRows = 1000
/** Probability from which on a prediction is confident (A§12.5). */
const confident = 0.9

/**
 * Fine-tunes the model on the labelled rows and compares its features with those in use (A§12.5). Leaves the fine-tuned model behind
 * whenever features are to be renewed; returns what the record of the round keeps.
 */
export async function* checkRound(
  check: Check,
  model: Model,
  setting: Setting,
  ledger: Ledger<'logmeMs'>,
): AsyncGenerator<RunEventBody, Readonly<Record<string, number>>> {
  const { alignment, round, labeled, batch, mayUpdate } = check
  const random = setting.streams.fit(round)
  const fresh = Int32Array.from(batch, ({ row }) => row)
  const scores: (FeatureScores | null)[] = []
  const compare = (rows: Int32Array): Promise<FeatureScores | null> =>
    ledger.charge('logmeMs', () => comparison(check, model, setting, rows))

  if (alignment.scoreOn === 'heldout') {
    const order = random.order.fork('halves').shuffle(labeled.slice())
    const middle = order.length >> 1
    const halves = [order.slice(0, middle).sort(), order.slice(middle).sort()]
    for (const [i, half] of halves.entries()) {
      if (half.length === 0) continue
      yield* check.train(half, forked(random, i))
      scores.push(await compare(halves[1 - i]))
    }
  } else {
    yield* check.train(labeled, random)
    scores.push(await compare(alignment.scoreOn === 'train' ? labeled : fresh))
  }
  const mean = meanScores(scores)
  const above = isAbove(alignment.tau, mean && mean.tuned - mean.stored)
  const isUpdate = above && mayUpdate
  const readsRegions = alignment.method === 'switch' && alignment.switchBy === 'region'
  if (alignment.scoreOn === 'heldout' && (isUpdate || readsRegions)) yield* check.train(labeled, random)
  const isWhole = alignment.scoreOn !== 'heldout' || isUpdate || readsRegions
  const key = alignment.score === 'logme' ? 'logme' : 'logme_ped'
  return {
    ...(mean && { [`${key}_stored`]: mean.stored, [`${key}_tuned`]: mean.tuned, [`${key}_delta`]: mean.tuned - mean.stored }),
    ...(Number.isFinite(alignment.tau) && { tau: alignment.tau }),
    above_tau: Number(above),
    feature_update: Number(isUpdate),
    ...(isWhole ? await ledger.charge('logmeMs', () => regions(model, setting, batch)) : {}),
  }
}

const forked = ({ order, dropout, augment }: FitRandom, half: number): FitRandom => ({
  order: order.fork('half', half),
  dropout: dropout.fork('half', half),
  augment: augment.fork('half', half),
})

function meanScores(scores: readonly (FeatureScores | null)[]): FeatureScores | null {
  const known = scores.filter((score) => score !== null)
  if (known.length === 0) return null
  const mean = (pick: (score: FeatureScores) => number): number => known.reduce((sum, score) => sum + pick(score), 0) / known.length
  return { stored: mean(({ stored }) => stored), tuned: mean(({ tuned }) => tuned) }
}

async function comparison(
  { alignment, features }: Check,
  model: Model,
  { deps, rows: rowsOf, partition, streams, classes }: Setting,
  rows: Int32Array,
): Promise<FeatureScores | null> {
  const { pool } = partition
  const background =
    alignment.score === 'logme'
      ? new Int32Array(0)
      : streams
          .background()
          .sample(pool.length, Math.min(backgroundRows, pool.length))
          .map((i) => pool[i])
          .sort()
  const tuned = async (index: Int32Array): Promise<Compared['features']> => (await model.outputs(rowsOf(index), deps.signal)).embedding
  return featureScores(
    alignment,
    { features: features.read(rows), background: features.read(background) },
    { features: await tuned(rows), background: await tuned(background) },
    rows.map((row) => deps.dataset.train.labels[row]),
    classes,
  )
}

/** Sizes of the regions of the newest batch where one model is confident and right and the other wrong: the proxy's, the fine-tuned model's. */
async function regions(
  model: Model,
  { deps, rows }: Setting,
  batch: readonly SelectedSample[],
): Promise<{ readonly b1: number; readonly b2: number }> {
  const { logits } = await model.outputs(rows(Int32Array.from(batch, ({ row }) => row)), deps.signal)
  const { data, cols } = logSoftmax(logits)
  let [b1, b2] = [0, 0]
  batch.forEach(({ label, predicted, confidence }, i) => {
    const tuned = argMax(data, i * cols, cols)
    if (predicted === label && (confidence ?? 0) >= confident && tuned !== label) b1++
    if (tuned === label && Math.exp(data[i * cols + tuned]) >= confident && predicted !== label) b2++
  })
  return { b1, b2 }
}
