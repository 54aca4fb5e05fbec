import { describe, expect, it } from 'vitest'
import { aubc, aubcWindows, interpolate, labelsToTarget, sampleSaving, sharedRange } from '@engine/analysis'

const labels = [100, 200, 300, 400]
const accuracy = [0.5, 0.6, 0.7, 0.75]

describe('area under the budget curve', () => {
  it('is the worked example of A§16', () => {
    expect(aubc(labels, accuracy)).toBeCloseTo(0.641667, 6)
    expect(labelsToTarget(labels, accuracy, 0.65)).toBeCloseTo(250, 9)
  })

  it('of a constant curve is the constant, over any range', () => {
    expect(aubc(labels, [0.8, 0.8, 0.8, 0.8])).toBeCloseTo(0.8, 15)
    expect(aubc(labels, [0.8, 0.8, 0.8, 0.8], { from: 130, to: 310 })).toBeCloseTo(0.8, 15)
  })

  it('is cut at a range by interpolation', () => {
    // 150 … 250: from 0.55 over 0.6 to 0.65
    expect(aubc(labels, accuracy, { from: 150, to: 250 })).toBeCloseTo(0.6, 12)
    expect(aubc([0, 100], [0, 1], { from: 25, to: 75 })).toBeCloseTo(0.5, 12)
  })

  it('weighs uneven budgets by their distance', () => {
    expect(aubc([0, 10, 100], [0, 1, 1])).toBeCloseTo((5 + 90) / 100, 12)
  })

  it('is not defined with a gap, for one budget, or beyond the curve', () => {
    expect(aubc(labels, [0.5, null, 0.7, 0.75])).toBeNull()
    expect(aubc(labels, [0.5, null, 0.7, 0.75], { from: 300, to: 400 })).toBeCloseTo(0.725, 12)
    expect(aubc([100], [0.5])).toBeNull()
    expect(aubc([], [])).toBeNull()
    expect(aubc(labels, accuracy, { from: 50, to: 200 })).toBeNull()
  })

  it('splits into windows of the range', () => {
    const { early, late } = aubcWindows(labels, accuracy, [0, 1 / 3, 1])
    expect(early).toBeCloseTo(0.55, 12)
    expect(late).toBeCloseTo((0.65 + 0.725) / 2, 12)
    const whole = aubc(labels, accuracy)!
    expect(early! / 3 + (late! * 2) / 3).toBeCloseTo(whole, 12)
  })
})

describe('budgets', () => {
  it('are shared where every curve has them', () => {
    expect(sharedRange([{ labels: [50, 100, 150] }, { labels: [50, 100, 150, 200] }, { labels: [0, 150] }])).toEqual({ from: 50, to: 150 })
    expect(sharedRange([{ labels: [50, 100] }, { labels: [100, 150] }])).toBeNull()
    expect(sharedRange([])).toBeNull()
  })

  it('are interpolated between, never beyond', () => {
    expect(interpolate(labels, accuracy, 200)).toBe(0.6)
    expect(interpolate(labels, accuracy, 350)).toBeCloseTo(0.725, 12)
    expect(interpolate(labels, accuracy, 99)).toBeNull()
    expect(interpolate(labels, [0.5, null, 0.7, 0.75], 150)).toBeNull()
  })
})

describe('labels to a target', () => {
  it('is the first crossing, from either side', () => {
    expect(labelsToTarget(labels, [0.5, 0.7, 0.6, 0.8], 0.65)).toBeCloseTo(175, 9)
    expect(labelsToTarget(labels, [2, 1.5, 1, 0.5], 1.25, false)).toBeCloseTo(250, 9)
    expect(labelsToTarget(labels, accuracy, 0.4)).toBe(100)
    expect(labelsToTarget(labels, accuracy, 0.75)).toBe(400)
  })

  it('is not defined when the target is not reached', () => {
    expect(labelsToTarget(labels, accuracy, 0.76)).toBeNull()
  })

  it('does not draw a line over a gap', () => {
    expect(labelsToTarget(labels, [0.5, null, 0.7, 0.75], 0.65)).toBe(300)
  })
})

describe('sample-saving ratio', () => {
  const random = { labels: [100, 200, 400, 800], values: [0.5, 0.6, 0.7, 0.78] }

  it('is the worked example of A§12.6', () => {
    const at200 = sampleSaving(random, 200, 0.66)!
    expect(at200.censored).toBe(false)
    expect(at200.ratio).toBeCloseTo(0.6, 12)
    expect(at200.bounded).toBeCloseTo(0.375, 12)
    expect(sampleSaving(random, 300, 0.7)!.ratio).toBeCloseTo(1 / 3, 12)
  })

  it('is a lower bound above the baseline and not defined below it', () => {
    expect(sampleSaving(random, 400, 0.8)).toEqual({ ratio: 1, bounded: 0.5, censored: true })
    expect(sampleSaving(random, 400, 0.45)).toBeNull()
    expect(sampleSaving(random, 0, 0.6)).toBeNull()
    expect(sampleSaving({ labels: [], values: [] }, 100, 0.6)).toBeNull()
  })

  it('is 0 for a rising baseline against itself', () => {
    random.labels.forEach((budget, i) => expect(sampleSaving(random, budget, random.values[i])!.ratio).toBeCloseTo(0, 12))
  })

  it('reads a baseline that dips through its running maximum', () => {
    const dip = { labels: [100, 200, 300, 400], values: [0.5, 0.7, 0.6, 0.8] }
    expect(sampleSaving(dip, 100, 0.75)!.ratio).toBeCloseTo(2.5, 12)
    expect(sampleSaving(dip, 100, 0.6)!.ratio).toBeCloseTo(0.5, 12)
  })

  it('turns round for a metric that falls', () => {
    expect(sampleSaving({ labels: [100, 200], values: [2, 1] }, 100, 1.5, false)!.ratio).toBeCloseTo(0.5, 12)
  })
})
