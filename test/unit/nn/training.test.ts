import { createReferenceExecutor } from '@backends/reference/executor'
import { randomFrom, type Random } from '@engine/core/random'
import type { Rows } from '@engine/data/dataset'
import { identityScaling } from '@engine/data/gather'
import { layersOf } from '@engine/nn/architectures'
import { createModel } from '@engine/nn/createModel'
import { sizeOf } from '@engine/graph/ir'
import type { Executor } from '@engine/nn/executor'
import type { EpochStats, FitOptions, FitSummary, LayerSpec, Model } from '@engine/nn/model'
import { describe, expect, it } from 'vitest'
import { relativeError } from '../../support/graphs'

const options: FitOptions = {
  optimizer: 'sgd',
  learningRate: 0.1,
  milestones: [],
  decay: 0.1,
  momentum: 0,
  nesterov: false,
  weightDecay: 0,
  batchSize: 4,
  epochs: 1,
  minSteps: 0,
  augment: 'none',
}

/** Rows of random normals whose class is the largest of the first `classes` values. */
function problem(n: number, shape: readonly number[], classes: number, seed = 'problem'): { rows: Rows; labels: Int32Array } {
  const random = randomFrom(seed)
  const d = shape.reduce((a, b) => a * b, 1)
  const data = Float64Array.from({ length: n * d }, () => random.normal())
  const labels = Int32Array.from({ length: n }, (_, i) => {
    const head = data.subarray(i * d, i * d + classes)
    return head.indexOf(Math.max(...head))
  })
  return { rows: { pool: { data, rows: n, shape }, scaling: identityScaling, index: Int32Array.from({ length: n }, (_, i) => i) }, labels }
}

const take = (rows: Rows, from: number, to: number): Rows => ({ ...rows, index: rows.index.slice(from, to) })

const streams = (seed: string) => {
  const random = randomFrom(seed)
  return { order: random.fork('order'), dropout: random.fork('dropout'), augment: random.fork('augment') }
}

const mlp = (inputs: number, classes: number, dropout = 0): LayerSpec[] =>
  layersOf({ type: 'mlp', hidden: [16], dropout, init: 'he-uniform' }, [inputs], classes)

const build = (
  layers: LayerSpec[],
  inputShape: number[],
  classes: number,
  executor: Executor = createReferenceExecutor(),
  seed = 'weights',
): Model => {
  const model = createModel({ layers, init: 'he-uniform', inputShape, classes }, executor)
  model.initialize(randomFrom(seed))
  return model
}

async function fit(
  model: Model,
  { rows, labels }: { rows: Rows; labels: Int32Array },
  changed: Partial<FitOptions> = {},
  random = streams('fit'),
) {
  const epochs: EpochStats[] = []
  const run = model.fit(rows, labels, { ...options, ...changed }, random)
  for (;;) {
    const next = await run.next()
    if (next.done) return { epochs, summary: next.value satisfies FitSummary }
    epochs.push(next.value)
  }
}

/** A stream whose shuffle leaves the order alone. */
const unshuffled = (random: Random): Random => ({ ...random, shuffle: (values) => values })

describe('fit', () => {
  it('overfits 20 points', async () => {
    const data = problem(20, [4], 3)
    const { summary, epochs } = await fit(build(mlp(4, 3), [4], 3), data, { optimizer: 'adam', learningRate: 0.02, epochs: 200 })
    expect(summary.accuracy).toBe(1)
    expect(summary.loss).toBeLessThan(0.01)
    expect(summary.lossCurve).toEqual(epochs.map(({ loss }) => loss))
    expect(summary.loss).toBe(epochs[199].loss)
  })

  it('weights the rows of a short last batch so that its loss is their mean', async () => {
    const data = problem(7, [4], 3)
    const order = unshuffled(randomFrom(0))
    const padded = build(mlp(4, 3), [4], 3)
    const first = await fit(padded, data, {}, { ...streams('a'), order })
    expect(first.summary.steps).toBe(2)
    // the same two steps taken as whole batches of 4 and 3 rows
    const whole = build(mlp(4, 3), [4], 3)
    const losses: number[] = []
    for (const [from, to] of [
      [0, 4],
      [4, 7],
    ]) {
      const part = { rows: take(data.rows, from, to), labels: data.labels.slice(from, to) }
      losses.push((await fit(whole, part, {}, { ...streams('a'), order })).summary.loss * (to - from))
    }
    expect(first.summary.loss).toBeCloseTo((losses[0] + losses[1]) / 7, 12)
    const [a, b] = [await padded.snapshot(), await whole.snapshot()]
    for (const [i, values] of a.entries()) expect(relativeError(values, b[i])).toBeLessThan(1e-13)
  })

  it.each(['float64', 'float32'] as const)(
    'gives the same bytes for the same streams in %s, others for another order',
    async (precision) => {
      const data = problem(30, [5], 3)
      const train = async (seed: string) => {
        const model = build(mlp(5, 3, 0.3), [5], 3, createReferenceExecutor(precision))
        await fit(model, data, { optimizer: 'adamw', weightDecay: 0.01, epochs: 3 }, streams(seed))
        return model.snapshot()
      }
      const once = await train('one')
      expect(await train('one')).toEqual(once)
      expect(await train('two')).not.toEqual(once)
    },
  )

  it('adds epochs until minSteps are done', async () => {
    const data = problem(10, [4], 3) // 3 batches
    const model = build(mlp(4, 3), [4], 3)
    expect((await fit(model, data, { epochs: 2, minSteps: 10 })).summary).toMatchObject({ epochs: 4, steps: 12 })
    expect((await fit(model, data, { epochs: 5, minSteps: 10 })).summary).toMatchObject({ epochs: 5, steps: 15 })
    expect((await fit(model, data, { epochs: 2, minSteps: 0 })).summary).toMatchObject({ epochs: 2, steps: 6 })
  })

  it('lowers the learning rate at milestones', async () => {
    const data = problem(4, [4], 3)
    const whole = build(mlp(4, 3), [4], 3)
    await fit(
      whole,
      data,
      { epochs: 4, milestones: [0.5, 0.75], decay: 0.1, batchSize: 4 },
      { ...streams('a'), order: unshuffled(randomFrom(0)) },
    )
    const parts = build(mlp(4, 3), [4], 3)
    for (const learningRate of [0.1, 0.1, 0.01, 0.001])
      await fit(parts, data, { learningRate }, { ...streams('a'), order: unshuffled(randomFrom(0)) })
    for (const [i, values] of (await whole.snapshot()).entries())
      expect(relativeError(values, (await parts.snapshot())[i])).toBeLessThan(1e-12)
  })

  it('goes on from restored weights', async () => {
    const data = problem(20, [4], 3)
    const first = build(mlp(4, 3), [4], 3)
    await fit(first, data, { epochs: 3 })
    const kept = await first.snapshot()
    await fit(first, data, { epochs: 3 }, streams('next'))
    const second = build(mlp(4, 3), [4], 3, createReferenceExecutor(), 'other weights')
    second.restore(kept)
    await fit(second, data, { epochs: 3 }, streams('next'))
    expect(await second.snapshot()).toEqual(await first.snapshot())
    expect(await second.snapshot()).not.toEqual(kept)
  })

  it('draws dropout only while training, and nothing without dropout', async () => {
    const data = problem(12, [4], 3)
    let draws = 0
    const counted = (random: Random): Random => ({
      ...random,
      next: () => (draws++, random.next()),
      coins: (out, from, count, p, value) => ((draws += count), random.coins(out, from, count, p, value)),
    })
    const random = () => ({ ...streams('a'), dropout: counted(randomFrom('dropout')) })
    await fit(build(mlp(4, 3), [4], 3), data, {}, random())
    expect(draws).toBe(0)
    const model = build(mlp(4, 3, 0.5), [4], 3)
    await fit(model, data, {}, random())
    expect(draws).toBe(12 * 16)
    expect((await model.outputs(data.rows)).logits).toEqual((await model.outputs(data.rows)).logits)
    expect(draws).toBe(12 * 16)
  })

  it('answers each request in arrays of its own', async () => {
    const data = problem(12, [4], 3)
    const model = build(mlp(4, 3), [4], 3)
    const first = await model.outputs(data.rows)
    const kept = first.embedding.data.slice()
    await fit(model, data)
    const second = await model.outputs(data.rows)
    expect(second.embedding.data.buffer).not.toBe(first.embedding.data.buffer)
    expect(first.embedding.data).toEqual(kept)
    expect(second.embedding.data).not.toEqual(kept)
  })

  it('stops at the next step when cancelled', async () => {
    const data = problem(20, [4], 3)
    const model = build(mlp(4, 3), [4], 3)
    const signal = { aborted: false }
    const run = model.fit(data.rows, data.labels, { ...options, epochs: 100 }, streams('a'), signal)
    await run.next()
    signal.aborted = true
    await expect(run.next()).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('lets the host breathe about every 20 ms', async () => {
    let [clock, pauses] = [0, 0]
    const model = createModel(
      { layers: mlp(4, 3), init: 'he-uniform', inputShape: [4], classes: 3, now: () => (clock += 2), pause: async () => void pauses++ },
      createReferenceExecutor(),
    )
    await fit(model, problem(4, [4], 3), { epochs: 100 })
    expect(pauses).toBeGreaterThanOrEqual(8)
    expect(pauses).toBeLessThanOrEqual(12)
  })

  it('refuses an empty training set, foreign labels and a diverging loss, but answers for rows', async () => {
    const data = problem(8, [4], 3)
    const model = build(mlp(4, 3), [4], 3)
    await expect(fit(model, { rows: take(data.rows, 0, 0), labels: new Int32Array(0) })).rejects.toMatchObject({ code: 'bad-input' })
    await expect(fit(model, { rows: data.rows, labels: data.labels.map(() => 3) })).rejects.toThrow('label 3')
    expect((await model.outputs(data.rows)).logits.rows).toBe(8)
    expect((await model.outputs(take(data.rows, 0, 0))).embedding).toMatchObject({ rows: 0, cols: 16 })
    await expect(fit(model, data, { learningRate: 1e200, epochs: 10 })).rejects.toThrow('training diverged')
  })
})

describe('inference', () => {
  it.each([
    ['mlp', mlp(9, 3), [9]],
    ['cnn', layersOf({ type: 'cnn', filters: [4, 6], hidden: [8], dropout: 0.5, init: 'he-uniform' }, [1, 8, 8], 3), [1, 8, 8]],
  ] as const)('of a row does not depend on its batch mates (%s)', async (_name, layers, shape) => {
    const { rows } = problem(130, shape, 3)
    const model = build([...layers], [...shape], 3)
    const [all, norms] = [await model.outputs(rows), await model.tensorNorms(rows)]
    const some = { ...rows, index: Int32Array.of(77, 3, 129) }
    const [few, fewNorms] = [await model.outputs(some), await model.tensorNorms(some)]
    for (const [i, row] of some.index.entries())
      for (const [whole, part] of [
        [all.logits, few.logits],
        [all.embedding, few.embedding],
        [norms.squared, fewNorms.squared],
      ])
        expect(part.data.slice(i * part.cols, (i + 1) * part.cols)).toEqual(whole.data.slice(row * whole.cols, (row + 1) * whole.cols))
  })

  it('serves calls that overlap', async () => {
    const { rows } = problem(50, [4], 3)
    const model = build(mlp(4, 3), [4], 3)
    const alone = [await model.outputs(take(rows, 0, 20)), await model.outputs(take(rows, 20, 50))]
    expect(await Promise.all([model.outputs(take(rows, 0, 20)), model.outputs(take(rows, 20, 50))])).toEqual(alone)
  })

  it('is the last layer applied to the embedding', async () => {
    const { rows } = problem(6, [4], 3)
    const model = build(mlp(4, 3), [4], 3)
    const { logits, embedding } = await model.outputs(rows)
    const { weight, bias } = await model.lastLayer()
    const expected = Float64Array.from({ length: 18 }, (_, i) => {
      const [row, c] = [Math.floor(i / 3), i % 3]
      let sum = bias[c]
      for (let j = 0; j < 16; j++) sum += weight.data[c * 16 + j] * embedding.data[row * 16 + j]
      return sum
    })
    expect(relativeError(logits.data, expected)).toBeLessThan(1e-13)
    expect(model.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0)).toBe(4 * 16 + 16 + 16 * 3 + 3)
  })
})
