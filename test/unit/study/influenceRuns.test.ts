import { checkTargets, targetedDatasets } from '@engine/study/checkTargets'
import { checkAgainstDataset } from '@engine/study/feasible'
import type { ResumePoint, RunEvent } from '@engine/study/events'
import { oracleNames } from '@engine/study/expand'
import { keepsState } from '@engine/study/setting'
import { describe, expect, it } from 'vitest'
import { blobs, collect, expandFor, quickStudy, recordsOf, withoutTimes } from '../../support/studies'

const dataset = blobs()
const facts = { name: 'blobs', kind: dataset.kind, rows: 80, testRows: 40, classes: 3, shape: [4] }
const protocol = 'protocol: { seeds: 1, initial: 6, query: 5, rounds: 3, validation: 12 }'
const specsOf = (strategies: string, sections = protocol) => expandFor(quickStudy(strategies, sections), dataset).map(({ spec }) => spec)

/** What a host would have stored of the first rounds of a run. */
function storedUpTo(events: readonly RunEvent[], rounds: number): ResumePoint {
  const start = events.find((event) => event.type === 'run-started')
  const state = events.find((event) => event.type === 'checkpoint' && event.round === rounds - 1)
  return {
    initial: start?.type === 'run-started' ? start.initial : [],
    records: recordsOf(events).slice(0, rounds),
    weights: null,
    ...(state?.type === 'checkpoint' && { memories: state.memories }),
  }
}

const methods = [
  'random',
  '{ id: random, name: with validation, withValidation: true }',
  'alignment',
  '{ id: alignment, name: whole, layers: all, similarity: cos, labelMode: rms, sign: -1 }',
  '{ id: schedule, phases: [alignment@0, entropy@2], target: pool-pseudo }',
  '{ id: schedule, name: adaptive, mode: adaptive, layers: all }',
  '{ id: albl, arms: [margin, random] }',
  '{ id: less, checkpoints: 2 }',
  '{ id: less, name: less whole, layers: all, labelMode: expected, target: { classes: [0, 2] } }',
  '{ id: less, name: oracle, labelMode: true, gradient: sgd, projection: 20 }',
  '{ id: trak, projection: 16, layers: all }',
].join(', ')

describe('runs of influence methods', () => {
  it.each(specsOf(methods).map((spec) => [spec.strategy.name, spec] as const))(
    '%s runs, and goes on after any round as if it had never stopped',
    async (_, spec) => {
      const whole = await collect(spec, dataset)
      expect(whole.at(-1)).toMatchObject({ type: 'run-ended', state: 'finished' })
      const records = recordsOf(whole)
      expect(records).toHaveLength(4)
      for (const [round, record] of records.entries()) expect(record.labeled).toBe(6 + 12 + 5 * round)
      for (const rounds of [1, 3]) {
        const resumed = await collect(spec, dataset, { resume: storedUpTo(whole, rounds) })
        expect(withoutTimes(resumed)).toEqual(withoutTimes(whole).slice(rounds))
      }
    },
  )

  it('records the phase of every round, and writes what a method remembers before its round', async () => {
    const [hard, adaptive] = specsOf(
      '{ id: schedule, phases: [alignment@0, entropy@2], target: pool-pseudo }, { id: schedule, name: adaptive, mode: adaptive }',
    )
    expect(recordsOf(await collect(hard, dataset)).map(({ mode }) => mode)).toEqual(['alignment', 'alignment', 'entropy', null])
    expect(keepsState(hard)).toBe(false)
    expect(keepsState(adaptive)).toBe(true)
    const kept = (await collect(adaptive, dataset)).filter((event) => event.type === 'checkpoint')
    expect(kept.map(({ round, weights }) => [round, weights.length])).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
    ])
  })

  it('does not go on without what a method remembers', async () => {
    const [spec] = specsOf('{ id: albl, name: random }')
    const whole = await collect(spec, dataset)
    const { memories: _memories, ...bare } = storedUpTo(whole, 2)
    expect((await collect(spec, dataset, { resume: bare })).at(-1)).toMatchObject({ state: 'failed', error: { code: 'bad-input' } })
  })

  it('trains on validation rows only where the strategy says so, and charges all alike', async () => {
    const [plain, control] = specsOf('random, { id: random, name: control, withValidation: true }')
    const [a, b] = [recordsOf(await collect(plain, dataset)), recordsOf(await collect(control, dataset))]
    expect(a[0].labeled).toBe(b[0].labeled)
    expect(b[0].steps).toBeGreaterThan(a[0].steps) // 18 rows fill three batches where 6 fill one
  })

  it('gives shadows memories and checkpoints of their own, without changing the run', async () => {
    const shadows = `${protocol}\nshadow: [{ id: less, checkpoints: 3 }, albl, { id: schedule, mode: adaptive }]`
    const [bare] = specsOf('random')
    const [shadowed] = specsOf('random', shadows)
    const events = await collect(shadowed, dataset)
    const picks = (all: readonly RunEvent[]) => recordsOf(all).map(({ selection, metrics }) => [selection, metrics])
    expect(picks(events)).toEqual(picks(await collect(bare, dataset)))
    const last = events.findLast((event) => event.type === 'checkpoint')
    expect(last?.type === 'checkpoint' && Object.keys(last.memories).sort()).toEqual(['shadow:albl', 'shadow:schedule'])
  })

  it('is refused before it runs for the seeds whose validation rows lack a class of the target, and for no other', async () => {
    const parsed = quickStudy(
      '{ id: less, checkpoints: 1, target: { classes: [0, 1, 2] } }',
      'protocol: { seeds: 12, vary: [split, initial], initial: 6, query: 5, rounds: 1, validation: 4 }',
    )
    const plan = expandFor(parsed, dataset)
    expect(targetedDatasets(plan)).toEqual(['blobs'])
    const labels = { blobs: dataset.train.labels }
    const refused: number[] = []
    const failed: number[] = []
    for (const run of plan) {
      const check = (): void => checkTargets(parsed, [run], {}, labels, [facts])
      try {
        check()
      } catch (error) {
        expect(error).toMatchObject({ code: 'bad-input', details: { path: 'strategies[0].target' } })
        refused.push(run.spec.repeat)
      }
      const [start] = (await collect(run.spec, dataset)).slice(-1)
      if (start.type === 'run-ended' && start.state === 'failed') failed.push(run.spec.repeat)
    }
    expect(refused).toEqual(failed)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.length).toBeLessThan(plan.length)
  })

  it('is refused before it runs: no validation rows, no moments of Adam, a class without validation rows', async () => {
    const problems = (strategies: string, sections = '') => checkAgainstDataset(quickStudy(strategies, sections), [facts])
    const [finding] = problems('random, alignment')
    expect(finding).toMatchObject({ severity: 'error', code: 'missing-need', path: 'strategies[1]' })
    expect(finding.fix).toContain('protocol.validation')
    expect(problems('random, { id: alignment, target: pool-pseudo }')).toEqual([])
    expect(problems('random, alignment', protocol)).toEqual([])
    const [run] = specsOf('{ id: alignment, name: random }', 'protocol: { seeds: 1, initial: 6, query: 5, rounds: 3 }')
    expect((await collect(run, dataset)).at(-1)).toMatchObject({
      state: 'failed',
      error: { code: 'bad-input', details: { path: 'protocol.validation' } },
    })
    const [few] = specsOf('{ id: less, name: random, target: { classes: [7] } }')
    expect((await collect(few, dataset)).at(-1)).toMatchObject({
      state: 'failed',
      error: { details: { path: 'target', found: 'class 7' } },
    })
  })

  it('is refused before it runs where it aims at a class that the data set does not have', () => {
    const found = (strategies: string, sections = protocol) =>
      checkAgainstDataset(quickStudy(strategies, sections), [facts]).map(({ code, path, found: label }) => [code, path, label])
    const last = `target: { classes: [0, ${facts.classes - 1}] }`
    const beyond = `target: { classes: [0, ${facts.classes}] }`
    const stray = String(facts.classes)
    expect(found(`random, { id: less, ${last} }, { id: trak, ${last} }`)).toEqual([])
    expect(found(`random, { id: less, ${beyond} }, { id: trak, ${beyond} }`)).toEqual([
      ['unknown-class', 'strategies[1].target', stray],
      ['unknown-class', 'strategies[2].target', stray],
    ])
    for (const inner of [
      'schedule, phases: [{ id: less, $ }, entropy]',
      'albl, arms: [margin, { id: less, $ }]',
      'svpp, base: { id: trak, $ }',
    ])
      expect(found(`random, { id: ${inner.replace('$', beyond)} }`)).toContainEqual(['unknown-class', 'strategies[1].target', stray])
    expect(found('random', `${protocol}\nshadow: [{ id: less, ${beyond} }]`)).toEqual([['unknown-class', 'shadow[0].target', stray]])
  })

  it('is refused as the opener of an empty start too, where what it reads or needs is not there', () => {
    const found = (firstBatch: string, validation = 0) =>
      checkAgainstDataset(
        quickStudy(
          'random',
          `protocol: { seeds: 1, dataStart: empty, firstBatch: ${firstBatch}, validation: ${validation}, query: 5, rounds: 2 }`,
        ),
        [facts],
      ).map(({ code, path }) => [code, path])
    for (const id of ['alignment', 'bald', 'learning-loss']) expect(found(id)).toEqual([['missing-need', 'protocol.firstBatch']])
    expect(found('alignment', 5)).toEqual([])
    expect(found('entropy')).toEqual([])
  })

  it('follows Adam only where the network was trained by it', () => {
    const sgd = { ...quickStudy('random, less, { id: less, name: plain, gradient: sgd }', protocol) }
    const study = { ...sgd, training: { ...sgd.training, optimizer: 'sgd' as const } }
    expect(checkAgainstDataset(study, [facts])).toMatchObject([
      { path: 'strategies[1]', fix: 'set training.optimizer: adam, or gradient: sgd' },
    ])
  })

  it('knows oracles by any of their levels', () => {
    const study = quickStudy(
      'random, less, { id: less, name: bound, labelMode: true }',
      `${protocol}\nablate: { strategies.less.labelMode: [argmax, true] }`,
    )
    expect(oracleNames(study)).toEqual(['less', 'bound'])
  })
})
