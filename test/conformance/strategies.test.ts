import { describe, expect, it } from 'vitest'
import { QuerentError } from '@engine/core/errors'
import { takeRows, type Matrix } from '@engine/core/matrix'
import { randomFrom } from '@engine/core/random'
import type { TensorNorms } from '@engine/nn/model'
import type { Query, Strategy } from '@engine/strategies/contract'
import { strategies } from '@engine/strategies/registry'
import { copies, randomSamples, range, sampleQuery, viewOf, type Samples } from '../support/query'

interface Case {
  readonly params: Readonly<Record<string, unknown>>
  /** what depends on the stream, or on the numbering of the pool by design */
  readonly drawn?: 'rows' | 'rows and scores'
  /** scores take few values, so that the numbering decides often */
  readonly coarse?: true
  /** is told the true labels of the pool */
  readonly oracle?: true
  /** what makes a candidate not a number for this method; absent: the method reads none */
  readonly reads?: 'logits' | 'embeddings' | 'inputs' | 'passes' | 'norms' | 'losses'
}

const cases: Readonly<Record<string, readonly Case[]>> = {
  random: [{ params: {}, drawn: 'rows' }],
  'full-data': [{ params: {}, drawn: 'rows' }],
  entropy: [{ params: {}, reads: 'logits' }],
  'least-confidence': [{ params: {}, reads: 'logits' }],
  margin: [{ params: {}, reads: 'logits' }],
  'variation-ratio': [{ params: {}, reads: 'passes', coarse: true }],
  'core-set': [
    { params: {}, reads: 'embeddings' },
    { params: { space: 'inputs' }, reads: 'inputs' },
    { params: { start: 'random' }, reads: 'embeddings', drawn: 'rows and scores' },
  ],
  kmeans: [
    { params: {}, reads: 'embeddings', drawn: 'rows' },
    { params: { space: 'inputs' }, reads: 'inputs', drawn: 'rows' },
  ],
  badge: [
    { params: {}, reads: 'embeddings', drawn: 'rows' },
    { params: { normalize: 'unit', first: 'random' }, reads: 'logits', drawn: 'rows' },
    { params: { gradient: 'weight-and-bias' }, reads: 'logits', drawn: 'rows' },
    { params: { gradient: 'features', normalize: 'unit' }, reads: 'embeddings', drawn: 'rows' },
  ],
  acquisition: [
    { params: {}, reads: 'logits' },
    { params: { score: 'margin', batch: 'kcenter' }, reads: 'embeddings' },
    { params: { score: 'entropy-gradnorm', batch: 'kcenter', layers: 'last' }, reads: 'logits' },
    { params: { score: 'entropy-gradnorm', batch: 'kmeans++' }, reads: 'norms', drawn: 'rows' },
    { params: { score: 'variation-ratio', batch: 'kmeans++' }, reads: 'passes', drawn: 'rows' },
    { params: { score: 'least-confidence', batch: 'kmeans++' }, reads: 'embeddings', drawn: 'rows' },
    { params: { score: 'gradient-embedding-norm', batch: 'topk' }, reads: 'embeddings' },
  ],
  'entropy-gradnorm': [
    { params: {}, reads: 'norms' },
    { params: { normMode: 'global-l2', component: 'activation' }, reads: 'norms' },
    { params: { layers: 'last' }, reads: 'embeddings' },
    { params: { layers: 'last', component: 'activation', normMode: 'global-l2' }, reads: 'embeddings' },
    { params: { component: 'output' }, reads: 'logits' },
  ],
  egl: [
    { params: {}, reads: 'embeddings' },
    { params: { layers: 'last', normMode: 'global-l2' }, reads: 'logits' },
    { params: { layers: 'all' }, reads: 'embeddings' },
  ],
  'fisher-trace': [
    { params: {}, reads: 'logits' },
    { params: { layers: 'last' }, reads: 'embeddings' },
    { params: { layers: 'all' }, reads: 'embeddings' },
  ],
  'learning-loss': [{ params: {}, reads: 'losses' }],
  lplgrad: [
    { params: {}, reads: 'norms' },
    { params: { layers: 'last', batch: 'kmeans++' }, reads: 'embeddings', drawn: 'rows' },
    { params: { query: 'entropy', lambda: 0 }, reads: 'logits' },
    { params: { query: 'predicted-loss' }, reads: 'losses' },
    { params: { query: 'predicted-loss-gradient' }, reads: 'losses' },
  ],
  bald: [{ params: {}, reads: 'passes' }],
  typiclust: [
    { params: {}, reads: 'inputs', drawn: 'rows and scores' },
    { params: { squared: true, normalize: 'none', neighbours: 3 }, reads: 'inputs', drawn: 'rows and scores' },
  ],
  probcover: [
    { params: {}, reads: 'inputs', drawn: 'rows and scores' },
    { params: { delta: 3, normalize: 'none' }, reads: 'inputs', drawn: 'rows' },
  ],
  'alfa-mix': [
    { params: {}, reads: 'embeddings', drawn: 'rows' },
    { params: { mixing: 'learned', alphaCap: 0.5 }, reads: 'embeddings', drawn: 'rows' },
  ],
  cal: [
    { params: {}, reads: 'embeddings' },
    { params: { neighbours: 2 }, reads: 'logits' },
  ],
  less: [
    { params: {}, reads: 'logits' },
    { params: { target: 'train', labelMode: 'expected', gradient: 'sgd', aggregate: 'max' }, reads: 'logits' },
    { params: { target: 'pool-pseudo', similarity: 'dot', form: 'paper', layers: 'last-weight' }, reads: 'embeddings' },
    { params: { items: 'cosine-of-mean', labelMode: 'sample' }, drawn: 'rows and scores' },
    { params: { labelMode: 'true' }, reads: 'logits', oracle: true },
    { params: { layers: 'all' } },
    { params: { projection: 12 }, drawn: 'rows and scores' },
  ],
  trak: [
    { params: { projection: 16 }, reads: 'embeddings', drawn: 'rows and scores' },
    { params: { projection: 8, lambda: 0.1, target: { classes: [0] } }, reads: 'logits', drawn: 'rows and scores' },
  ],
  schedule: [
    { params: { layers: 'last' }, reads: 'logits' },
    { params: { phases: 'margin@0, entropy@3', mode: 'soft' }, reads: 'logits' },
    { params: { phases: ['badge', { id: 'alignment', from: 2, target: 'train' }], mode: 'soft' }, drawn: 'rows' },
    { params: { phases: 'entropy-gradnorm, entropy', mode: 'adaptive', layers: 'last', target: 'pool-pseudo' }, reads: 'logits' },
  ],
  albl: [
    { params: {}, drawn: 'rows and scores' },
    { params: { arms: ['margin', { id: 'core-set', space: 'inputs' }, 'random'] }, drawn: 'rows and scores' },
  ],
  alignment: [
    { params: {}, reads: 'logits' },
    { params: { target: 'pool-pseudo', similarity: 'cos', sign: -1 }, reads: 'embeddings' },
    { params: { target: 'train', labelMode: 'rms', layers: 'last-weight' }, reads: 'logits' },
    { params: { labelMode: 'expected-abs', similarity: 'cos' }, reads: 'logits' },
    { params: { target: 'val-sampled', labelMode: 'sampled' }, drawn: 'rows and scores' },
    { params: { layers: 'all', similarity: 'cos', labelMode: 'rms' } },
  ],
  svp: [
    { params: {}, reads: 'logits' },
    { params: { proxy: 'mlp', base: 'badge', normalize: 'unit', first: 'random' }, reads: 'logits', drawn: 'rows' },
  ],
  svpp: [
    { params: { base: 'core-set' }, reads: 'embeddings' },
    { params: { base: { id: 'entropy-gradnorm', layers: 'all' } }, reads: 'norms' },
  ],
  asvp: [{ params: { base: 'entropy', tau: '-inf' }, reads: 'logits' }],
  external: [{ params: { command: ['choose'] }, drawn: 'rows' }],
  replay: [{ params: { selections: 'recorded.csv' }, drawn: 'rows' }],
}

it('has a case for every registered strategy, and none besides', () => {
  expect(Object.keys(cases).sort()).toEqual([...strategies.keys()].sort())
})

const entries = [...strategies.values()].flatMap((strategy) =>
  cases[strategy.id].map((given) => ({
    name: `${strategy.id} ${JSON.stringify(given.params)}`,
    strategy,
    ...given,
    params: strategy.params.parse(given.params),
  })),
)

/** `replay` gets what it would repeat, `external` what it is answered: the pool from the back. */
function prepared(strategy: Strategy, query: Query): Query {
  const backwards = query.pool.slice().reverse().subarray(0, query.k)
  if (strategy.id === 'replay') return { ...query, recorded: [backwards] }
  if (strategy.id === 'external') return { ...query, external: async () => [...backwards] }
  return query
}

const chosen = async (strategy: Strategy, params: unknown, query: Query): Promise<number[]> => [
  ...(await strategy.select(prepared(strategy, query), params)).rows,
]

const samples = randomSamples('conformance', 60)

describe.each(entries)('$name', ({ strategy, params, drawn, coarse, oracle, reads }) => {
  const select = (query: Query): Promise<number[]> => chosen(strategy, params, query)

  it.each([
    ['some', 7, 7],
    ['as many as there are', 48, 48],
    ['more than there are', 100, 48],
    ['one', 1, 1],
    ['none', 0, 0],
  ])('returns distinct rows of the pool: %s', async (_, k, expected) => {
    const query = sampleQuery(samples, { labeled: 12, k })
    const rows = await select(query)
    expect(rows).toHaveLength(expected)
    expect(new Set(rows).size).toBe(expected)
    expect(rows.every((row) => query.pool.includes(row))).toBe(true)
  })

  it('chooses without any label', async () => {
    expect(new Set(await select(sampleQuery(samples, { k: 5 }))).size).toBe(5)
  })

  it('returns nothing from an empty pool', async () => {
    expect(await select(sampleQuery(samples, { labeled: 60, k: 5 }))).toEqual([])
  })

  it('repeats itself with the same stream, and gives one finite score per candidate or none', async () => {
    const run = () => strategy.select(prepared(strategy, sampleQuery(samples, { labeled: 6, k: 9 })), params)
    const [first, second] = [await run(), await run()]
    expect(second).toEqual(first)
    if (!first.scores) return
    expect(first.scores).toHaveLength(54)
    expect(first.scores.every(Number.isFinite)).toBe(true)
  })

  it('leaves its inputs as they were', async () => {
    const query = prepared(strategy, sampleQuery(samples, { labeled: 6, k: 9 }))
    const { source, norms, losses } = samples
    const arrays = [
      query.pool,
      query.labeled,
      query.labels,
      source.logits.data,
      source.embeddings.data,
      norms.squared.data,
      norms.outputError,
      losses.data,
      samples.inputs.data,
    ]
    const before = copies([...arrays, ...source.sampledProbabilities.map((pass) => pass.data)])
    await strategy.select(query, params)
    expect([...arrays, ...source.sampledProbabilities.map((pass) => pass.data)]).toEqual(before)
  })

  it('handles a pool of equal samples', async () => {
    const rows = await select(sampleQuery(equalSamples(samples), { labeled: 3, k: 8 }))
    expect(new Set(rows).size).toBe(8)
  })

  it('takes the lower row of equal candidates', async () => {
    if (drawn || oracle) return
    // Without labels the first pick of a covering method is its start, and all others tie.
    const rows = await select(sampleQuery(equalSamples(samples), { labeled: 3, k: 4 }))
    expect(rows).toEqual([3, 4, 5, 6])
  })

  it('handles a single class', async () => {
    const one = randomSamples('one class', 20, { classes: 1 })
    expect(new Set(await select(sampleQuery(one, { labeled: 2, k: 6 }))).size).toBe(6)
  })

  it('refuses a candidate that is not a number by its row', async () => {
    if (!reads) return
    const attempt = async (): Promise<number[]> => select(sampleQuery(spoiled(samples, reads, 17), { labeled: 4, k: 5 }))
    const error: unknown = await attempt().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(QuerentError)
    expect(error).toMatchObject({ code: 'bad-input' })
    expect((error as QuerentError).message).toContain('row 17')
  })

  it('does not see the labels of the pool, unless it says so', async () => {
    const shuffled = { ...samples, labels: Int32Array.from(samples.labels, (label, i) => (i < 10 ? label : (label + i) % samples.classes)) }
    const [own, other] = [
      await select(sampleQuery(samples, { labeled: 10, k: 6 })),
      await select(sampleQuery(shuffled, { labeled: 10, k: 6 })),
    ]
    expect(strategy.reads?.(params).includes('oracle') ?? false).toBe(oracle ?? false)
    if (oracle) expect(other).not.toEqual(own)
    else expect(other).toEqual(own)
  })

  it('stops when cancelled', async () => {
    await expect(select(sampleQuery(samples, { labeled: 6, k: 9, signal: { aborted: true } }))).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('follows the samples when the pool is numbered differently', async () => {
    const order = randomFrom('renumbered').shuffle(range(0, 60))
    const place = Int32Array.from(range(0, 60), (row) => order.indexOf(row))
    const before = sampleQuery(samples, { k: 6, labeled: 10 })
    const renumbered = reorder(samples, order)
    const labeled = before.labeled.map((row) => place[row]).sort()
    const after: Query = {
      ...sampleQuery(renumbered, { k: 6, pool: before.pool.map((row) => place[row]).sort() }),
      labeled,
      labels: labeled.map((row) => renumbered.labels[row]),
    }
    const [first, second] = [
      await strategy.select(prepared(strategy, before), params),
      await strategy.select(prepared(strategy, after), params),
    ]
    if (first.scores && drawn !== 'rows and scores') {
      const scores = new Map([...after.pool].map((row, i) => [order[row], second.scores?.[i]]))
      first.scores.forEach((score, i) => expect(scores.get(before.pool[i])).toBeCloseTo(score, 10))
    }
    if (!drawn && !coarse) expect([...second.rows].map((row) => order[row])).toEqual([...first.rows])
  })

  it('does not care how the classes are numbered', async () => {
    if (drawn) return
    const renamed: Samples = {
      ...samples,
      source: {
        ...samples.source,
        logits: permuteColumns(samples.source.logits, [2, 0, 3, 1]),
        weight: takeRows(samples.source.weight, [2, 0, 3, 1]),
        sampledProbabilities: samples.source.sampledProbabilities.map((pass) => permuteColumns(pass, [2, 0, 3, 1])),
      },
      labels: samples.labels.map((label) => [2, 0, 3, 1].indexOf(label)),
    }
    expect(await select(sampleQuery(renamed, { labeled: 5, k: 6 }))).toEqual(await select(sampleQuery(samples, { labeled: 5, k: 6 })))
  })

  it('asks the model for no more than it announces', async () => {
    const needs = strategy.needs(params)
    const full = viewOf(samples)
    const refuse = (what: string) => (): never => {
      throw new Error(`${strategy.id} asked for ${what} without announcing it`)
    }
    const model = {
      ...full,
      ...(!needs.includes('proba') && { probabilities: refuse('probabilities'), logProbabilities: refuse('probabilities') }),
      ...(!needs.includes('embedding') && { embeddings: refuse('embeddings') }),
      ...(!needs.includes('tensorNorms') && { tensorNorms: refuse('norms of all layers') }),
      ...(!needs.includes('gradients') && { gradientNorms: refuse('gradients') }),
      ...(!needs.includes('lossPrediction') && { predictedLosses: refuse('losses'), predictedLossNorms: refuse('losses') }),
      ...(!needs.includes('sampledProba') && { sampledProbabilities: refuse('stochastic passes') }),
      lastLayer: needs.includes('lastLayer') ? full.lastLayer : refuse('the last layer'),
    }
    expect(await select(sampleQuery(samples, { labeled: 5, k: 6, model }))).toHaveLength(6)
  })
})

it.each(
  entries.filter(
    ({ strategy, params }) =>
      ['badge', 'core-set', 'kmeans'].includes(strategy.id) || ['kmeans++', 'kcenter'].includes((params as { batch?: string }).batch ?? ''),
  ),
)('$name stops between two picks', async ({ strategy, params }) => {
  let asked = 0
  const signal = {
    get aborted() {
      return ++asked > 4
    },
  }
  await expect(chosen(strategy, params, sampleQuery(samples, { labeled: 2, k: 9, signal }))).rejects.toMatchObject({ code: 'cancelled' })
  expect(asked).toBe(5)
})

function equalSamples(samples: Samples): Samples {
  const first = (m: Matrix): Matrix<Float64Array> => ({ ...m, data: Float64Array.from(m.data, (_, i) => m.data[i % m.cols]) })
  return {
    ...samples,
    source: {
      ...samples.source,
      logits: first(samples.source.logits),
      embeddings: first(samples.source.embeddings),
      sampledProbabilities: samples.source.sampledProbabilities.map(first),
    },
    norms: { ...samples.norms, squared: first(samples.norms.squared), outputError: samples.norms.outputError.map(() => 0.5) },
    losses: first(samples.losses),
    inputs: first(samples.inputs),
  }
}

function spoiled(samples: Samples, what: NonNullable<Case['reads']>, row: number): Samples {
  const spoil = <M extends Matrix>(m: M): M => {
    const data = m.data.slice()
    data[row * m.cols + m.cols - 1] = NaN
    return { ...m, data }
  }
  const { source, norms, inputs } = samples
  if (what === 'inputs') return { ...samples, inputs: spoil(inputs) }
  if (what === 'losses') return { ...samples, losses: spoil(samples.losses) }
  if (what === 'norms') return { ...samples, norms: { ...norms, squared: spoil(norms.squared) } }
  if (what === 'logits') return { ...samples, source: { ...source, logits: spoil(source.logits) } }
  if (what === 'embeddings') return { ...samples, source: { ...source, embeddings: spoil(source.embeddings) } }
  return {
    ...samples,
    source: { ...source, sampledProbabilities: source.sampledProbabilities.map((pass, i) => (i === 3 ? spoil(pass) : pass)) },
  }
}

function permuteColumns(m: Matrix, order: readonly number[]): Matrix<Float64Array> {
  return { ...m, data: Float64Array.from(m.data, (_, t) => m.data[Math.floor(t / m.cols) * m.cols + order[t % m.cols]]) }
}

/** Sample order[i] of the given samples becomes sample i. */
function reorder(samples: Samples, order: Int32Array): Samples {
  const move = (m: Matrix): Matrix<Float64Array> => ({
    ...m,
    data: Float64Array.from(m.data, (_, t) => m.data[order[Math.floor(t / m.cols)] * m.cols + (t % m.cols)]),
  })
  const norms: TensorNorms = {
    ...samples.norms,
    squared: move(samples.norms.squared),
    outputError: Float64Array.from(order, (row) => samples.norms.outputError[row]),
  }
  return {
    ...samples,
    source: {
      ...samples.source,
      logits: move(samples.source.logits),
      embeddings: move(samples.source.embeddings),
      sampledProbabilities: samples.source.sampledProbabilities.map(move),
    },
    norms,
    losses: move(samples.losses),
    inputs: move(samples.inputs),
    labels: Int32Array.from(order, (row) => samples.labels[row]),
    reserved: samples.reserved.map((row) => order.indexOf(row)),
  }
}
