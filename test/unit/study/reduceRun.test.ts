import { describe, expect, it } from 'vitest'
import { initialRunState, reduceRun } from '@engine/study/reduceRun'
import { blobs, collect, expandFor, quickStudy, recordsOf } from '../../support/studies'

const dataset = blobs()

describe('reduceRun', () => {
  it('gathers what a run said', async () => {
    const [{ spec }] = expandFor(quickStudy('margin'), dataset)
    const events = await collect(spec, dataset)
    const states = events.map((_, i) => events.slice(0, i + 1).reduce(reduceRun, initialRunState))
    const last = states[states.length - 1]
    expect(last).toMatchObject({
      status: 'finished',
      rounds: 3,
      poolSize: 80,
      testSize: 40,
      records: recordsOf(events),
      error: null,
      epoch: null,
      lastSeq: events.length - 1,
    })
    expect(states[0]).toMatchObject({ status: 'running', records: [] })
    expect(states[events.findIndex(({ type }) => type === 'epoch')].epoch).toMatchObject({ round: 0, loss: expect.any(Number) as unknown })
  })

  it('takes an event that comes twice once', async () => {
    const [{ spec }] = expandFor(quickStudy('random'), dataset)
    const events = await collect(spec, dataset)
    expect([...events, ...events.slice(2)].reduce(reduceRun, initialRunState)).toEqual(events.reduce(reduceRun, initialRunState))
    expect(events.flatMap((event) => [event, event]).reduce(reduceRun, initialRunState)).toEqual(events.reduce(reduceRun, initialRunState))
  })

  it('keeps finished rounds when a run goes on, drops them when it starts again', async () => {
    const [{ spec }] = expandFor(quickStudy('random'), dataset)
    const events = await collect(spec, dataset)
    const cut = events.findIndex(({ type }) => type === 'round-ended') + 1
    const stored = events.slice(0, cut).reduce(reduceRun, initialRunState)
    const crashed = reduceRun(stored, { type: 'run-ended', state: 'failed', error: { code: 'job-crashed', message: 'gone' }, seq: cut })
    expect(crashed).toMatchObject({ status: 'failed', error: { code: 'job-crashed' } })
    const nextSeq = crashed.lastSeq + 1
    const resumed = await collect(spec, dataset, { resume: { initial: crashed.initial, records: crashed.records, weights: null, nextSeq } })
    expect(resumed.reduce(reduceRun, crashed).records.map(({ round }) => round)).toEqual([0, 1, 2, 3])
    const again = await collect(spec, dataset, { resume: { initial: [], records: [], weights: null, nextSeq } })
    expect(again.reduce(reduceRun, crashed)).toMatchObject({ status: 'finished', error: null, records: recordsOf(again) })
  })
})
