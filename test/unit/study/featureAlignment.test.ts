import { describe, expect, it } from 'vitest'
import { matrix } from '@engine/core/matrix'
import { randomFrom } from '@engine/core/random'
import { logme } from '@engine/metrics/logme'
import { pedLogme } from '@engine/metrics/ped'
import type { FeatureAlignment } from '@engine/strategies/contract'
import type { RoundRecord } from '@engine/study/events'
import { alignmentState, featureScores, isAbove, isCheckRound, tuningIn } from '@engine/study/featureAlignment'
import { evenBatch } from '@engine/study/proxyNetwork'

const alignment: FeatureAlignment = {
  tau: 0.03,
  checks: 'doublings',
  updates: 1,
  scoreOn: 'prequential',
  score: 'logme-ped',
  variant: 'exact',
  method: 'switch',
  switchBy: 'score',
}

/** Rounds of 50 labels more each, with what their checks found. */
const rounds = (...diagnostics: Readonly<Record<string, number>>[]): RoundRecord[] =>
  diagnostics.map((own, round) => ({ round, labeled: 50 * (round + 1), diagnostics: own }) as unknown as RoundRecord)

/** Rounds at which checks fall when none finds anything, as `round: labels`. */
function checkedAt(own: Partial<FeatureAlignment>, count = 17): number[] {
  const records: RoundRecord[] = []
  const found: number[] = []
  for (let round = 0; round < count; round++) {
    const labels = 50 * (round + 1)
    const isOne = isCheckRound({ ...alignment, ...own }, alignmentState(records, 0), labels)
    if (isOne) found.push(labels)
    records.push({ round, labeled: labels, diagnostics: isOne ? { feature_update: 0, above_tau: 0 } : {} } as unknown as RoundRecord)
  }
  return found
}

describe('check rounds', () => {
  it('come where labels have doubled, every time, or at numbers of labels', () => {
    expect(checkedAt({})).toEqual([100, 200, 400, 800])
    expect(checkedAt({ checks: 'every' }, 3)).toEqual([50, 100, 150])
    expect(checkedAt({ checks: [120, 130, 300, 9999] })).toEqual([150, 300])
  })

  it('are left out where they could change nothing', () => {
    expect(checkedAt({ tau: Infinity })).toEqual([])
    expect(checkedAt({ method: 'ft', updates: 0 })).toEqual([])
    expect(checkedAt({ updates: 0 })).toEqual([100, 200, 400, 800])
    expect(checkedAt({ tau: Infinity, switchBy: 'region' })).toEqual([100, 200, 400, 800])
    const updated = alignmentState(rounds({}, { feature_update: 1, above_tau: 1 }), 0)
    expect(isCheckRound(alignment, updated, 800)).toBe(false)
    expect(isCheckRound({ ...alignment, updates: 2 }, updated, 800)).toBe(true)
    expect(isCheckRound({ ...alignment, switchBy: 'region' }, updated, 800)).toBe(true)
  })

  it('count from the first labels of an empty start, and leave reserved rows out', () => {
    const empty = [{ round: 0, labeled: 20, diagnostics: {} } as unknown as RoundRecord]
    expect(isCheckRound(alignment, alignmentState(empty, 20), 50)).toBe(false)
    expect(alignmentState(rounds({}, {}), 20)).toMatchObject({ checkedAt: 30, labeledBefore: 80 })
  })
})

describe('the training method', () => {
  const after = (own: Partial<FeatureAlignment>, ...diagnostics: Readonly<Record<string, number>>[]) =>
    tuningIn({ ...alignment, ...own }, alignmentState(rounds(...diagnostics), 0))

  it('is the one given, or head first until a check is above τ', () => {
    expect(after({ method: 'ft' })).toBe('ft')
    expect(after({ method: 'lp-ft' }, { feature_update: 1, above_tau: 1 })).toBe('lp-ft')
    expect(after({})).toBe('lp-ft')
    expect(after({}, { feature_update: 0, above_tau: 0 })).toBe('lp-ft')
    expect(after({}, { feature_update: 1, above_tau: 1 }, {})).toBe('ft')
  })

  it('by regions goes by the last two checks', () => {
    const check = (b1: number, b2: number) => ({ feature_update: 0, above_tau: 0, b1, b2 })
    expect(after({ switchBy: 'region' })).toBe('lp-ft')
    expect(after({ switchBy: 'region' }, check(3, 2))).toBe('lp-ft')
    expect(after({ switchBy: 'region' }, check(3, 2), {}, check(0, 1))).toBe('ft')
    expect(after({ switchBy: 'region' }, check(0, 9), check(2, 1), check(1, 1))).toBe('lp-ft')
  })
})

describe('scores of features', () => {
  const random = randomFrom('features')
  const noise = (rows: number, cols: number) =>
    matrix(
      Float64Array.from({ length: rows * cols }, () => random.normal()),
      rows,
      cols,
    )
  const labels = Int32Array.from({ length: 30 }, (_, i) => i % 3)
  const [a, b, background] = [noise(30, 4), noise(30, 6), noise(80, 4)]
  const other = noise(80, 6)

  it('are LogME after potential energy decline, or alone', () => {
    const scores = featureScores(alignment, { features: a, background }, { features: b, background: other }, labels, 3)
    expect(scores).toEqual({
      stored: pedLogme(a, labels, 3, { background }).value,
      tuned: pedLogme(b, labels, 3, { background: other }).value,
    })
    const plain = featureScores(
      { score: 'logme', variant: 'public' },
      { features: a, background },
      { features: b, background: other },
      labels,
      3,
    )
    expect(plain).toEqual({
      stored: logme(a, labels, 3, { variant: 'public' }).value,
      tuned: logme(b, labels, 3, { variant: 'public' }).value,
    })
  })

  it('leave out rows of a class that has one, and are not defined without two classes', () => {
    const alone = labels.map((label, i) => (i === 4 ? 3 : label))
    const kept = Int32Array.from(labels.keys()).filter((i) => i !== 4)
    const scores = featureScores(
      { ...alignment, score: 'logme' },
      { features: a, background },
      { features: b, background: other },
      alone,
      4,
    )
    const rows = matrix(Float64Array.from([...kept].flatMap((i) => [...a.data.subarray(4 * i, 4 * i + 4)])), 29, 4)
    expect(scores?.stored).toBe(
      logme(
        rows,
        kept.map((i) => labels[i]),
        4,
      ).value,
    )
    const single = featureScores(
      alignment,
      { features: a, background },
      { features: b, background: other },
      labels.map(() => 1),
      3,
    )
    expect(single).toBeNull()
  })

  it('take over above τ; without scores at −∞ alone', () => {
    expect([isAbove(0.03, 0.031), isAbove(0.03, 0.03), isAbove(-1, null), isAbove(-Infinity, null), isAbove(Infinity, 9)]).toEqual([
      true,
      false,
      false,
      true,
      false,
    ])
  })
})

it('takes the largest batch that leaves no row alone', () => {
  expect(evenBatch(128, 50)).toBe(50)
  expect(evenBatch(128, 129)).toBe(127)
  expect(evenBatch(8, 17)).toBe(7)
  expect(evenBatch(2, 3)).toBe(2)
  for (let rows = 2; rows < 300; rows++) {
    const batch = evenBatch(16, rows)
    expect(batch === 2 || rows % batch !== 1).toBe(true)
  }
})
