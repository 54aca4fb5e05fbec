import { randomFrom } from '@engine/core/random'
import type { LabeledPool } from '@engine/data/dataset'
import type { RoundRecord, RunEvent, RunEventBody, SelectedSample } from '@engine/study/events'
import type { KeptRound } from '@contract/types'
import { isEvaluated } from '@engine/study/evaluated'
import { initialLabels } from '@engine/study/feasible'
import type { PlannedRun } from '@engine/study/spec'
import { blurredDigits } from './viewerTwin'
import recorded from '../reference/data/learning-curve-digits.json'

const classes = 10
const poolSize = 1297
/** the samples that the runs select from */
export const pool = blurredDigits(poolSize)
const testSize = 500

/** Accuracy after `labeled` labels of a recorded run; other methods are told by a fixed offset from the recorded entropy curves. */
function accuracyAt({ spec, factors }: PlannedRun, labeled: number): number {
  const { id, name } = spec.strategy
  const known = recorded.curves.find((curve) => curve.strategy === id && curve.seed === spec.repeat % 20)
  const curve = known ?? recorded.curves.find((other) => other.strategy === 'entropy' && other.seed === spec.repeat % 20)
  if (!curve) throw new Error('the recorded curves lack this seed')
  const offset = known ? 0 : 0.02 * (randomFrom(`offset ${name} ${JSON.stringify(factors)}`).next() - 0.35)
  const { labels } = recorded
  const place = (labeled - labels[0]) / (labels[1] - labels[0])
  const low = Math.min(labels.length - 2, Math.max(0, Math.floor(place)))
  const t = Math.min(1, place - low)
  const value = curve.accuracy[low] + t * (curve.accuracy[low + 1] - curve.accuracy[low])
  return Math.min(0.995, Math.max(1 / classes, value + offset * Math.min(1, labeled / 100)))
}

const lossCurve = (random: ReturnType<typeof randomFrom>, epochs: number): number[] =>
  Array.from({ length: epochs }, (_, epoch) => 2.3 * Math.exp((-5 * epoch) / epochs) * (0.9 + 0.2 * random.next()) + 0.004)

function picks(random: ReturnType<typeof randomFrom>, count: number, scored: boolean, accuracy: number): SelectedSample[] {
  return [...random.sample(poolSize, count)].map((row, order) => {
    const label = pool.train.labels[row]
    const right = random.next() < accuracy
    return {
      row,
      label,
      score: scored ? 2.2 - 0.03 * order - 0.01 * random.next() : null,
      predicted: right ? label : (label + 1 + random.int(classes - 1)) % classes,
      confidence: right ? 0.6 + 0.4 * random.next() : 0.2 + 0.4 * random.next(),
    }
  })
}

export function recordOf(run: PlannedRun, round: number): RoundRecord {
  const { protocol, strategy } = run.spec
  const random = randomFrom(`record ${run.hash}`).fork(round)
  const labeled = strategy.id === 'full-data' ? poolSize : initialLabels(protocol) + round * protocol.query
  const accuracy = labeled === 0 ? 1 / classes : accuracyAt(run, labeled)
  const losses = labeled === 0 ? [] : lossCurve(random, 30)
  const isLast = round === strategy.rounds
  return {
    round,
    labeled,
    metrics: isEvaluated(run.spec, round, labeled)
      ? {
          accuracy,
          nll: 2.1 * (1 - accuracy) + 0.05,
          macro_f1: accuracy - 0.004,
          ece: 0.25 * (1 - accuracy) + 0.01,
          brier: 1.4 * (1 - accuracy),
        }
      : {},
    trainLoss: losses.at(-1) ?? null,
    trainAccuracy: labeled === 0 ? null : 1,
    steps: labeled === 0 ? 0 : 500,
    epochs: losses.length,
    lossCurve: losses,
    selection: isLast ? [] : picks(random, protocol.query, strategy.id !== 'random', accuracy),
    diversity: isLast ? null : 10 + random.next(),
    diversityCumulative: isLast ? null : 10.5 + 0.2 * random.next(),
    classEntropy: isLast ? null : 0.9 + 0.1 * random.next(),
    mode: null,
    overlap: [],
    diagnostics: {},
    timings: {
      trainMs: 120 + 30 * random.next(),
      forwardMs: 6,
      scoreMs: 1 + random.next(),
      chooseMs: strategy.id === 'badge' ? 12 : 0.4,
      updateMs: 0,
      evalMs: 4,
    },
    ...proxyPart(run, round, isEvaluated(run.spec, round, labeled)),
  }
}

/** Cost and checks of a method with a proxy: fine-tuned features lead by more and more, until they take over. */
function proxyPart({ spec, hash }: PlannedRun, round: number, evaluated: boolean): Partial<RoundRecord> {
  const { id, rounds } = spec.strategy
  if (id !== 'svpp' && id !== 'asvp') return {}
  const random = randomFrom(`proxy ${hash}`).fork(round)
  const isCheck = id === 'asvp' && round < rounds
  const lead = 0.015 * round - 0.005 + 0.01 * random.next()
  const [b1, b2] = [random.int(6), random.int(6)]
  const check = { logme_ped_stored: 0.3, logme_ped_tuned: 0.3 + lead, logme_ped_delta: lead, tau: 0.03, above_tau: Number(lead > 0.03) }
  return {
    mode: evaluated ? 'ft' : null,
    diagnostics: { tuning: Number(round < 2), ...(isCheck && { ...check, feature_update: Number(lead > 0.03), b1, b2 }) },
    proxyTimings: {
      featureForwardMs: round === 0 ? 40 : 0,
      proxyTrainMs: round < rounds ? 30 : 0,
      proxyForwardMs: round < rounds ? 4 : 0,
      selectMs: round < rounds ? 1 : 0,
      checkTrainMs: isCheck ? 140 : 0,
      logmeMs: isCheck ? 20 : 0,
      featureUpdateMs: isCheck && lead > 0.03 ? 35 : 0,
      finalTrainMs: evaluated ? 150 : 0,
    },
  }
}

/** What a run kept of a round: outlooks that grow surer with the rounds, and a score for methods that have one. */
export function keptRoundOf(run: PlannedRun, round: number, { rows, labels }: LabeledPool): KeptRound {
  const random = randomFrom(`kept ${run.hash}`).fork(round)
  const outlook = new Float32Array(5 * rows)
  const scores = new Float64Array(2 * rows)
  for (let row = 0; row < rows; row++) {
    const doubt = random.next() ** (1 + round)
    const predicted = random.next() < doubt ? random.int(classes) : labels[row]
    outlook.set([row, predicted, 1 - 0.8 * doubt, 1 - doubt, 2.3 * doubt], 5 * row)
    scores.set([row, 2.3 * doubt], 2 * row)
  }
  const { id, name } = run.spec.strategy
  return { outlook, scores: id === 'random' ? [] : [{ name, values: scores }] }
}

/** Every event of a run in order; `failsAt` is the round in which it breaks. */
export function* eventsOf(run: PlannedRun, failsAt: number | null = null, firstSeq = 0): Generator<RunEvent> {
  let seq = firstSeq
  const event = (body: RunEventBody): RunEvent => ({ ...body, seq: seq++ })
  const { rounds } = run.spec.strategy
  const random = randomFrom(`initial ${run.spec.repeat}`)
  const initial = picks(random, initialLabels(run.spec.protocol), false, 1).map((sample) => ({
    ...sample,
    predicted: null,
    confidence: null,
  }))
  yield event({ type: 'run-started', rounds, resumedFrom: 0, initial, poolSize, testSize })
  for (let round = 0; round <= rounds; round++) {
    const record = recordOf(run, round)
    yield event({ type: 'round-started', round, labeled: record.labeled })
    for (const [i, loss] of record.lossCurve.entries()) {
      yield event({ type: 'epoch', round, epoch: i + 1, epochs: record.lossCurve.length, loss })
      if (round === failsAt && i === 5) {
        yield event({
          type: 'run-ended',
          state: 'failed',
          error: { code: 'job-crashed', message: 'The job ran out of memory: it asked for 1.9 GB, 1.2 GB was free.' },
        })
        return
      }
    }
    yield event({ type: 'evaluated', round, labeled: record.labeled, metrics: record.metrics })
    yield event({ type: 'round-ended', record })
  }
  yield event({ type: 'run-ended', state: 'finished' })
}
