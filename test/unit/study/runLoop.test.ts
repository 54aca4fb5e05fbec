import { describe, expect, it } from 'vitest'
import { createReferenceExecutor } from '@backends/reference/executor'
import { plainKernels } from '@engine/core/distances'
import type { Dataset } from '@engine/data/dataset'
import type { Executor } from '@engine/nn/executor'
import type { RunEvent } from '@engine/study/events'
import { parseRunFiles } from '@engine/study/runFiles'
import { runLoop } from '@engine/study/runLoop'
import type { RunSpec } from '@engine/study/spec'
import { blobs, collect, endOf, expandFor, quickStudy, recordsOf, steppingClock, storedUpTo, withoutTimes } from '../../support/studies'

const dataset = blobs()
const specsOf = (strategies: string, sections = '', data: Dataset = dataset): RunSpec[] =>
  expandFor(quickStudy(strategies, sections), data).map(({ spec }) => spec)
const initialOf = (events: readonly RunEvent[]): number[] => {
  const start = events.find((event) => event.type === 'run-started')
  return start?.type === 'run-started' ? start.initial.map(({ row }) => row) : []
}
const picksOf = (events: readonly RunEvent[]): number[][] => recordsOf(events).map(({ selection }) => selection.map(({ row }) => row))

describe('runLoop', () => {
  it('runs every strategy to its end', async () => {
    for (const spec of specsOf(
      'random, full-data, entropy, margin, core-set, badge, kmeans, { id: acquisition, score: entropy-gradnorm, batch: kmeans++ }',
    )) {
      const events = await collect(spec, dataset)
      expect(endOf(events)).toMatchObject({ type: 'run-ended', state: 'finished' })
      expect(recordsOf(events).map(({ labeled }) => labeled)).toEqual(spec.strategy.id === 'full-data' ? [80] : [6, 11, 16, 21])
    }
  })

  it('numbers its events from 0, in the order of the contract', async () => {
    const events = await collect(specsOf('margin')[0], dataset)
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i))
    const types = events.map(({ type }) => type).filter((type) => type !== 'epoch')
    const round = ['round-started', 'evaluated', 'artifact', 'artifact', 'round-ended']
    expect(types).toEqual([
      'run-started',
      ...round,
      ...round,
      ...round,
      'round-started',
      'evaluated',
      'artifact',
      'round-ended',
      'run-ended',
    ])
  })

  it('labels each row once, never a test row, and reveals its true class', async () => {
    const spec = specsOf('badge', 'data: { test: 20 }')[0]
    const events = await collect(spec, dataset)
    const rows = [...initialOf(events), ...picksOf(events).flat()]
    expect(rows).toHaveLength(21)
    expect(new Set(rows).size).toBe(21)
    for (const { selection } of recordsOf(events)) for (const { row, label } of selection) expect(label).toBe(dataset.train.labels[row])
    expect(events[0]).toMatchObject({ poolSize: 60, testSize: 20 })
  })

  it('records score, prediction and confidence of a pick, and no score where there is none', async () => {
    const [random, margin] = await Promise.all(specsOf('random, margin').map((spec) => collect(spec, dataset)))
    for (const { selection } of recordsOf(random))
      for (const sample of selection)
        expect(sample).toMatchObject({ score: null, predicted: expect.any(Number) as unknown, confidence: expect.any(Number) as unknown })
    for (const { selection } of recordsOf(margin)) {
      const scores = selection.map(({ score }) => score ?? NaN)
      expect(scores).toEqual([...scores].sort((a, b) => b - a))
      for (const { score, confidence } of selection) expect(score).toBeLessThanOrEqual(1 - 2 * (confidence ?? NaN) + 1e-12)
    }
  })

  describe('an empty start', () => {
    const protocol = (more: string) => `protocol: { seeds: 1, dataStart: empty, query: 5, rounds: 3, ${more} }`

    it('evaluates an untrained network without labels, then queries', async () => {
      for (const spec of specsOf('random, entropy, badge, core-set', protocol('firstBatch: strategy'))) {
        const events = await collect(spec, dataset)
        expect(endOf(events)).toMatchObject({ state: 'finished' })
        const records = recordsOf(events)
        expect(records.map(({ labeled }) => labeled)).toEqual([0, 5, 10, 15])
        expect(records[0]).toMatchObject({ trainLoss: null, trainAccuracy: null, steps: 0, lossCurve: [] })
        expect(records[0].metrics.accuracy).toEqual(expect.any(Number) as unknown)
        expect(records[0].selection).toHaveLength(5)
        expect(initialOf(events)).toEqual([])
      }
    })

    it('lets a model-free method choose the first batch, the same for all strategies', async () => {
      const runs = await Promise.all(
        specsOf('random, entropy, badge', protocol('firstBatch: random')).map((spec) => collect(spec, dataset)),
      )
      for (const events of runs) expect(picksOf(events)[0]).toEqual(picksOf(runs[0])[0])
      expect(new Set(runs.map((events) => picksOf(events)[1].join())).size).toBe(3)
    })
  })

  it('trains full-data once on the whole pool', async () => {
    const events = await collect(specsOf('full-data')[0], dataset)
    expect(recordsOf(events)).toHaveLength(1)
    expect(recordsOf(events)[0]).toMatchObject({ round: 0, labeled: 80, selection: [], diversity: null, diversityCumulative: null })
    expect(initialOf(events)).toEqual([])
  })

  it('charges validation rows to every strategy and keeps them out of the pool', async () => {
    const protocol = 'protocol: { seeds: 1, initial: 6, query: 5, rounds: 3, validation: 10 }'
    for (const spec of specsOf('random, badge, full-data', protocol)) {
      const events = await collect(spec, dataset)
      expect(events[0]).toMatchObject({ poolSize: 70 })
      expect(recordsOf(events).map(({ labeled }) => labeled)).toEqual(spec.strategy.id === 'full-data' ? [80] : [16, 21, 26, 31])
    }
  })

  it('scores a random part of the pool only, another one each round', async () => {
    const spec = specsOf('margin', 'protocol: { seeds: 1, initial: 6, query: 5, rounds: 3, subPool: 12 }')[0]
    const scored = (await collect(spec, dataset)).flatMap((event) =>
      event.type === 'artifact' && event.name.startsWith('scores') ? [event] : [],
    )
    expect(scored.map(({ shape }) => shape)).toEqual([
      [12, 2],
      [12, 2],
      [12, 2],
    ])
    const rows = scored.map(({ data }) => Array.from({ length: 12 }, (_, i) => data[2 * i]))
    for (const subset of rows) expect(subset).toEqual([...subset].sort((a, b) => a - b))
    expect(rows[0]).not.toEqual(rows[1])
  })

  it('keeps an outlook: what the model said about candidates and labelled rows, and where predictions ended up', async () => {
    const outlooks = async (strategy: string) => {
      const events = await collect(specsOf(strategy)[0], dataset)
      const records = recordsOf(events)
      const arrays = events.flatMap((event) => (event.type === 'artifact' && event.name.startsWith('outlook') ? [event] : []))
      return { records, arrays }
    }
    const { records, arrays } = await outlooks('margin')
    const line = (round: number, row: number): number[] => {
      const { data, shape } = arrays[round]
      const at = Array.from({ length: shape[0] }, (_, i) => data[5 * i]).indexOf(row)
      return Array.from(data.subarray(5 * at, 5 * at + 5))
    }
    for (const { round, selection } of records.slice(0, 3))
      for (const { row, predicted, confidence, score } of selection) {
        const [, said, sure, lead, entropy] = line(round, row)
        expect(said).toBe(predicted)
        expect(sure).toBeCloseTo(confidence ?? NaN, 6)
        expect(lead).toBeCloseTo(-(score ?? NaN), 6)
        expect(entropy).toBeGreaterThan(0)
        expect(line(3, row)[1]).toBeLessThan(3)
      }
    // A method that asks for no prediction pays for none but those of its picks and of what it has.
    const free = await outlooks('random')
    expect(free.arrays.map(({ shape }) => shape[0])).toEqual([11, 16, 21, 21])
  })

  it('repeats recorded selections', async () => {
    const [recorded] = specsOf('badge')
    const original = picksOf(await collect(recorded, dataset))
    const csv = [
      'strategy,seed,round,order,row',
      ...original.flatMap((rows, round) => rows.map((row, order) => `badge,0,${round + 1},${order},${row}`)),
    ].join('\n')
    const spec = specsOf('{ id: replay, selections: old.csv }')[0]
    const events = await collect(spec, dataset, { files: parseRunFiles(spec, { 'old.csv': csv }) })
    expect(picksOf(events)).toEqual(original)
  })

  it('measures how far other methods would agree, without changing anything', async () => {
    const [plain] = specsOf('margin')
    const [shadowed] = specsOf('margin', 'shadow: [margin, random, entropy]')
    const [a, b] = [withoutTimes(await collect(plain, dataset)), withoutTimes(await collect(shadowed, dataset))]
    const ofShadows = (key: string): boolean => /^score_loss_spearman\./.test(key)
    const withoutShadows = ({ diagnostics, ...record }: (typeof b)[number]) => ({
      ...record,
      diagnostics: Object.fromEntries(Object.entries(diagnostics).filter(([key]) => !ofShadows(key))),
      overlap: [],
    })
    expect(b.map(withoutShadows)).toEqual(a)
    expect(Object.keys(b[0].diagnostics).filter(ofShadows)).toEqual(['score_loss_spearman.margin', 'score_loss_spearman.entropy'])
    for (const { overlap, selection } of b) {
      if (selection.length === 0) continue
      expect(overlap[0]).toEqual({ shadow: 'margin', jaccard: 1, spearman: expect.closeTo(1, 12) as unknown })
      expect(overlap[1]).toMatchObject({ shadow: 'random', spearman: null })
      expect(overlap[2].spearman).toEqual(expect.any(Number) as unknown)
    }
  })

  it('charges shadows to nobody', async () => {
    const totals = async (sections: string) => {
      const events = await collect(specsOf('random', sections)[0], dataset, { clock: steppingClock() })
      return recordsOf(events).reduce((sum, { timings }) => sum + timings.forwardMs + timings.scoreMs + timings.chooseMs, 0)
    }
    expect(await totals('shadow: [badge, entropy, core-set]')).toBe(await totals(''))
  })

  it('measures spread in a fixed space', async () => {
    const records = recordsOf(await collect(specsOf('core-set')[0], dataset))
    for (const { diversity, classEntropy } of records.slice(0, 3)) {
      expect(diversity).toBeGreaterThan(0)
      expect(classEntropy).toBeGreaterThanOrEqual(0)
      expect(classEntropy).toBeLessThanOrEqual(1)
    }
    expect(records[0].diversityCumulative).toBeCloseTo(records[0].diversity ?? NaN, 12)
    expect(records[3]).toMatchObject({ diversity: null, classEntropy: null, diversityCumulative: records[2].diversityCumulative })
  })

  it('brings cumulative spread together once everything is queried', async () => {
    const all = 'protocol: { seeds: 1, initial: 5, query: 15, rounds: 5, vary: [] }'
    const runs = await Promise.all(specsOf('random, badge, core-set', all).map((spec) => collect(spec, dataset)))
    const last = runs.map((events) => recordsOf(events).at(-1)?.diversityCumulative ?? NaN)
    for (const value of last) expect(value).toBeCloseTo(last[0], 10)
  })

  it('keeps what it is asked to keep', async () => {
    const names = async (keep: string, start = 'reinit-fresh') => {
      const [spec] = specsOf('margin', `run: { keep: ${keep} }`)
      const events = await collect({ ...spec, training: { ...spec.training, weightStart: start as 'carry' } }, dataset)
      return events.flatMap((event) =>
        event.type === 'artifact'
          ? [`${event.name} ${event.shape.join('×')}`]
          : event.type === 'checkpoint'
            ? [`checkpoint ${event.round}`]
            : [],
      )
    }
    expect(await names('nothing')).toEqual([])
    expect(await names('scores')).toEqual([
      'scores-000 74×2',
      'outlook-000 80×5',
      'scores-001 69×2',
      'outlook-001 80×5',
      'scores-002 64×2',
      'outlook-002 80×5',
      'outlook-003 21×5',
    ])
    expect((await names('embeddings')).slice(0, 4)).toEqual([
      'scores-000 74×2',
      'outlook-000 80×5',
      'embedding-rows 80',
      'embeddings-000 80×6',
    ])
    expect((await names('weights')).filter((name) => name.startsWith('weights-003'))).toEqual([
      'weights-003-0.weight 6×4',
      'weights-003-0.bias 6',
      'weights-003-2.weight 3×6',
      'weights-003-2.bias 3',
    ])
    expect(await names('nothing', 'carry')).toEqual(['checkpoint 0', 'checkpoint 1', 'checkpoint 2'])
  })

  describe.each(['reinit-fresh', 'reinit-same', 'carry', 'shrink-perturb'] as const)('with %s weights', (weightStart) => {
    const specs = specsOf('badge, random', `protocol: { seeds: 1, initial: 6, query: 5, rounds: 3 }\nshadow: [margin]`).map((spec) => ({
      ...spec,
      training: { ...spec.training, weightStart },
    }))

    it('goes on after any round as if it had never stopped', async () => {
      for (const spec of specs) {
        const whole = await collect(spec, dataset)
        for (let rounds = 0; rounds <= 4; rounds++) {
          const resumed = await collect(spec, dataset, { resume: storedUpTo(whole, rounds) })
          expect(resumed[0]).toMatchObject({ type: 'run-started', seq: 1000, resumedFrom: rounds })
          expect(withoutTimes(resumed)).toEqual(withoutTimes(whole).slice(rounds))
        }
      }
    })
  })

  it('starts weights as the study says', async () => {
    const [spec] = specsOf(
      '{ id: replay, selections: s.csv }',
      'protocol: { seeds: 1, initial: 6, query: 5, rounds: 2, vary: [] }\nrun: { keep: weights }',
    )
    const initial = new Set(
      initialOf(await collect(specsOf('random', 'protocol: { seeds: 1, initial: 6, query: 5, rounds: 2, vary: [] }')[0], dataset)),
    )
    const free = Array.from({ length: 80 }, (_, row) => row).filter((row) => !initial.has(row))
    const lastWeights = async (weightStart: RunSpec['training']['weightStart'], recorded: number[][]) => {
      const events = await collect({ ...spec, training: { ...spec.training, weightStart } }, dataset, { files: { recorded } })
      expect(endOf(events)).toMatchObject({ state: 'finished' })
      return events.flatMap((event) => (event.type === 'artifact' && event.name.startsWith('weights-002') ? [...event.data] : []))
    }
    const [a, b] = [free.slice(0, 5), free.slice(5, 10)]
    // Fresh weights of a round do not remember the rounds before; a rate of 0 shows them as they are.
    const untouched = async (weightStart: RunSpec['training']['weightStart']) => {
      const short = { ...spec, training: { ...spec.training, weightStart, learningRate: 0 } }
      const events = await collect(short, dataset, { files: { recorded: [a, b] } })
      return [0, 1, 2].map((round) =>
        events.flatMap((event) => (event.type === 'artifact' && event.name.startsWith(`weights-00${round}`) ? [...event.data] : [])),
      )
    }
    const [fresh, same, carried, shrunk] = [
      await untouched('reinit-fresh'),
      await untouched('reinit-same'),
      await untouched('carry'),
      await untouched('shrink-perturb'),
    ]
    expect(same[1]).toEqual(same[0])
    expect(carried[2]).toEqual(carried[0])
    expect(fresh[1]).not.toEqual(fresh[0])
    for (const start of [same, carried, shrunk]) expect(start[0]).toEqual(fresh[0])
    shrunk[1].forEach((value, i) => expect(value).toBeCloseTo(0.5 * shrunk[0][i] + 0.1 * fresh[1][i], 12))
    expect(await lastWeights('carry', [a, b])).not.toEqual(await lastWeights('carry', [b, a]))
    // Equal labelled sets train alike, in whatever order they were bought.
    for (const start of ['reinit-fresh', 'reinit-same'] as const)
      expect(await lastWeights(start, [b, a.toReversed()])).toEqual(await lastWeights(start, [a, b]))
  })

  it('stops where it is told to', async () => {
    const [spec] = specsOf('margin')
    const signal = { aborted: false }
    const events = await collect(spec, dataset, {
      signal,
      pause: async () => {
        signal.aborted = true
      },
    })
    expect(endOf(events)).toEqual({ type: 'run-ended', state: 'cancelled', seq: 1 })
  })

  it('leaves nothing behind when nobody listens any more', async () => {
    const executor = createReferenceExecutor()
    let open = 0
    const counted: Executor = {
      ...executor,
      parameters: (specs) => {
        const parameters = executor.parameters(specs)
        open++
        return { ...parameters, dispose: () => (open--, parameters.dispose()) }
      },
      compileStep: async (...request) => {
        const program = await executor.compileStep(...request)
        open++
        return { ...program, dispose: () => (open--, program.dispose()) }
      },
    }
    const [spec] = specsOf('random')
    const deps = { dataset, executor: counted, kernels: plainKernels, clock: steppingClock(), resume: null }
    for await (const event of runLoop(spec, deps)) if (event.type === 'epoch') break
    expect(open).toBe(0)
  })

  it('waits while it is paused, before every round', async () => {
    let pauses = 0
    await collect(specsOf('random')[0], dataset, { pause: async () => void pauses++ })
    expect(pauses).toBe(4)
  })

  it('says what failed instead of throwing', async () => {
    const cases: [Partial<RunSpec['protocol']>, RegExp][] = [
      [{ initial: 100 }, /asks for 100 of 80/],
      [{ query: 30 }, /too small/],
      [{ validation: 80 }, /takes 80 of 80/],
    ]
    const [spec] = specsOf('random')
    for (const [protocol, message] of cases) {
      const events = await collect({ ...spec, protocol: { ...spec.protocol, ...protocol } }, dataset)
      expect(events).toHaveLength(1)
      expect(events[0]).toMatchObject({ state: 'failed', error: { code: 'bad-input', message: expect.stringMatching(message) as unknown } })
    }
    const [deterministic] = specsOf('variation-ratio')
    expect(endOf(await collect(deterministic, dataset))).toMatchObject({ state: 'failed', error: { code: 'unsupported' } })
  })

  it('refuses a resume point of another run, and one without the weights it needs', async () => {
    const [spec] = specsOf('random')
    const stored = storedUpTo(await collect(spec, dataset), 2)
    const other = { ...stored, initial: stored.initial.slice().reverse() }
    expect(endOf(await collect(spec, dataset, { resume: other }))).toMatchObject({ state: 'failed', error: { code: 'bad-input' } })
    const carried = { ...spec, training: { ...spec.training, weightStart: 'carry' as const } }
    expect(endOf(await collect(carried, dataset, { resume: { ...stored, weights: null } }))).toMatchObject({
      state: 'failed',
      error: { message: expect.stringMatching(/without the weights/) as unknown },
    })
  })

  it('holds out a fifth and says so when there is no test array', async () => {
    const alone = blobs({ testRows: 0, rows: 100 })
    const events = await collect(specsOf('random', '', alone)[0], alone)
    expect(events[0]).toMatchObject({ poolSize: 80, testSize: 20 })
    expect(events[1]).toMatchObject({ type: 'warning', code: 'no-test-array' })
  })
})
