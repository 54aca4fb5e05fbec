import { describe, expect, it } from 'vitest'
import { resultFindings, resultSetFrom, type RunInput } from '@engine/analysis'
import type { MetricId } from '@engine/study/spec'
import { defaultStats, roundRecord } from '../../support/records'

type Diagnostics = Readonly<Record<string, number>>

interface Course {
  readonly values: readonly number[]
  /** of each seed and round */
  readonly diagnostics?: readonly (readonly Diagnostics[])[]
}

const seeds = 2
const random: Course = { values: [0.5, 0.6, 0.7, 0.75, 0.8] }
const steady: Course = { values: [0.5, 0.65, 0.75, 0.8, 0.85], diagnostics: [[{ tuning: 1 }, { feature_update: 1, logme_ped_delta: 0.4 }]] }

function findings(courses: Readonly<Record<string, Course>>, metric: MetricId = 'accuracy') {
  const runs = Object.entries(courses).flatMap(([strategy, { values, diagnostics = [] }]) =>
    Array.from({ length: seeds }, (_, seed): RunInput => ({
      hash: `${strategy}-${seed}`,
      dataset: 'digits',
      strategy,
      seed,
      factors: {},
      state: {
        status: 'finished',
        initial: [],
        records: values.map((value, round) => ({
          ...roundRecord(round, 20 + 20 * round, value),
          metrics: { [metric]: value },
          diagnostics: diagnostics[seed % diagnostics.length]?.[round] ?? {},
        })),
      },
    })),
  )
  const stats = { ...defaultStats, metric }
  return resultFindings(resultSetFrom({ study: 's', strategies: Object.keys(courses), lines: [], factors: [], stats, classes: 2, runs }))
}

const codes = (asvp: Course): string[] => findings({ random, asvp }).map(({ code }) => code)

describe('what results say of methods with a proxy', () => {
  it('is nothing where all goes well, or there is no proxy', () => {
    expect(codes(steady)).toEqual(['few-seeds'])
    expect(codes({ values: [0.5, 0.7, 0.7, 0.7, 0.7] })).toEqual(['few-seeds'])
  })

  it('names a large difference without update', () => {
    const lead = (delta: number, update = 0, key = 'logme_ped_delta'): Diagnostics => ({ [key]: delta, feature_update: update })
    const ignored = { ...steady, diagnostics: [[lead(0.01), lead(0.084)], [lead(0.02), lead(0.01)]] } // prettier-ignore
    const found = findings({ random, asvp: ignored }).find(({ code }) => code === 'large-difference-without-update')
    expect(found).toMatchObject({ severity: 'warning', path: 'asvp', fix: 'lower tau, or allow an update' })
    expect(found?.message).toContain('led by up to 0.084 nats per sample in 1 of 2 runs')
    expect(codes({ ...steady, diagnostics: [[lead(0.2, 0, 'logme_delta')]] })).toContain('large-difference-without-update')
    expect(codes({ ...steady, diagnostics: [[lead(0.02)]] })).not.toContain('large-difference-without-update')
    expect(codes({ ...steady, diagnostics: [[lead(0.2, 1), lead(0.1)]] })).not.toContain('large-difference-without-update')
    expect(codes({ ...steady, diagnostics: [[{ feature_update: 0 }]] })).not.toContain('large-difference-without-update')
  })

  it('names training methods that take turns', () => {
    const turning = (...methods: number[]): Course => ({
      ...steady,
      diagnostics: [methods.map((tuning) => ({ tuning, feature_update: 1 }))],
    })
    expect(codes(turning(1, 1, 0, 0, 0))).not.toContain('oscillating-tuning')
    expect(codes(turning(1, 0, 1, 1, 0))).toContain('oscillating-tuning')
    const found = findings({ random, asvp: turning(1, 0, 1, 1, 0) }).find(({ code }) => code === 'oscillating-tuning')
    expect(found?.message).toContain('up to 3 times in 2 of 2 runs')
  })

  it('names an early plateau below what goes on', () => {
    const flat = { ...steady, values: [0.5, 0.68, 0.72, 0.72, 0.723] }
    const found = findings({ random, asvp: flat }).find(({ code }) => code === 'early-plateau')
    expect(found?.message).toContain(
      'asvp gains no more than 0.005 in accuracy after 60 labels on digits, while random goes on and ends ahead',
    )
    // at the ceiling that all reach, or ahead of the others, it is no sign
    expect(codes({ ...steady, values: [0.5, 0.7, 0.8, 0.8, 0.8] })).not.toContain('early-plateau')
    expect(codes({ ...steady, values: [0.5, 0.7, 0.9, 0.9, 0.9] })).not.toContain('early-plateau')
    const falling = { random: { values: [2, 1.5, 1, 0.7, 0.5] }, asvp: { ...steady, values: [2, 1.2, 1, 1, 1] } }
    expect(findings(falling, 'nll').map(({ code }) => code)).toContain('early-plateau')
  })

  it('sees no plateau between two evaluations', () => {
    const two = { random: { values: [0.5, 0.8] }, asvp: { ...steady, values: [0.7, 0.7] } }
    expect(findings(two).map(({ code }) => code)).not.toContain('early-plateau')
  })
})
