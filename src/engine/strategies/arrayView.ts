import { plainKernels } from '../core/distances'
import { badInput, unsupported, type CancelSignal } from '../core/errors'
import { exponentials, logSoftmax } from '../core/linear'
import { takeRows, type FloatArray, type Matrix } from '../core/matrix'
import { randomFrom, type Random } from '../core/random'
import type { Rows } from '../data/dataset'
import type { Capability, Model } from '../nn/model'
import type { ModelView, Query } from './contract'

/** What is known of N samples; row i of every array is sample i. Arrays win over the network. */
export interface ArraySource {
  /** N × C */
  readonly logits?: Matrix
  readonly probabilities?: Matrix
  /** N × d input of the last layer */
  readonly embeddings?: Matrix
  /** one N × C matrix per stochastic pass */
  readonly sampledProbabilities?: readonly Matrix[]
  /** C × d and C */
  readonly weight?: Matrix
  readonly bias?: FloatArray
  /** a model that can be asked about rows of its inputs; `passes` is the stream of its dropout, seed 0 when left out */
  readonly network?: {
    readonly model: Model
    readonly rowsOf: (rows: Int32Array) => Rows
    readonly passes?: Random
    readonly signal?: CancelSignal
  }
}

/** How an error names what is missing; the command line's flags by default. */
export type Hints = Readonly<Record<'predictions' | 'embeddings' | 'lastLayer' | 'network', string>>

const flagHints: Hints = {
  predictions: '--probs, --logits, or --model with --inputs',
  embeddings: '--features, or --model with --inputs',
  lastLayer: '--weights and --bias, or --model',
  network: '--model with --inputs',
}

/**
 * A model view over arrays: what `score` and `select` ask instead of a trained network.
 * Refuses what the source lacks as `unsupported`, naming the input that is needed, and arrays of unequal length.
 */
export function arrayView(source: ArraySource, hints: Hints = flagHints): ModelView {
  const { network } = source
  checkShapes(source)
  const logProbabilities = source.logits ? logSoftmax(source.logits) : source.probabilities && logarithms(source.probabilities)
  const probabilities = source.probabilities ?? (logProbabilities && exponentials(logProbabilities))
  const sampled = source.sampledProbabilities
  const missing = (what: string, hint: string): Error => unsupported(`${what} not given: needs ${hint}`, { expected: hint })
  const outputsOf = (rows: Int32Array, what: string, hint: string): ReturnType<Model['outputs']> => {
    if (!network) throw missing(what, hint)
    return network.model.outputs(network.rowsOf(rows), network.signal)
  }
  const gradientsOf = (): NonNullable<ArraySource['network']> => {
    if (!network) throw missing('gradients of all layers', hints.network)
    return network
  }

  const capabilities = new Set<Capability>(network?.model.capabilities)
  if (probabilities) capabilities.add('proba')
  if (source.embeddings) capabilities.add('embedding')
  if (sampled) capabilities.add('sampledProba')
  if (source.weight) capabilities.add('lastLayer')

  return {
    capabilities,
    async logProbabilities(rows) {
      if (logProbabilities) return takeRows(logProbabilities, rows)
      return logSoftmax((await outputsOf(rows, 'predictions', hints.predictions)).logits)
    },
    async probabilities(rows) {
      if (probabilities) return takeRows(probabilities, rows)
      return exponentials(logSoftmax((await outputsOf(rows, 'predictions', hints.predictions)).logits))
    },
    async embeddings(rows) {
      if (source.embeddings) return takeRows(source.embeddings, rows)
      return (await outputsOf(rows, 'embeddings', hints.embeddings)).embedding
    },
    async tensorNorms(rows) {
      if (!network) throw missing('gradient norms of all layers', hints.network)
      return network.model.tensorNorms(network.rowsOf(rows), network.signal)
    },
    gradientNorms: async (rows, errors) => {
      const { model, rowsOf, signal } = gradientsOf()
      return model.gradientNorms(rowsOf(rows), errors, signal)
    },
    meanGradient: async (rows, targets) => {
      const { model, rowsOf, signal } = gradientsOf()
      return model.meanGradient(rowsOf(rows), targets, signal)
    },
    logitTangents: async (rows, direction) => {
      const { model, rowsOf, signal } = gradientsOf()
      return model.logitTangents(rowsOf(rows), direction, signal)
    },
    adamProducts: async (rows, errors, adam, directions) => {
      const { model, rowsOf, signal } = gradientsOf()
      return model.adamProducts(rowsOf(rows), errors, adam, directions, signal)
    },
    projectedGradients: async (rows, errors, projection) => {
      const { model, rowsOf, signal } = gradientsOf()
      return model.projectedGradients(rowsOf(rows), errors, projection, signal)
    },
    async lastLayer() {
      if (source.weight) return { weight: source.weight, bias: source.bias ?? new Float64Array(source.weight.rows) }
      if (!network) throw missing('the last layer', hints.lastLayer)
      return network.model.lastLayer()
    },
    ...sampledPasses(source),
  }
}

function sampledPasses({ sampledProbabilities, network }: ArraySource): Pick<ModelView, 'sampledProbabilities'> {
  if (sampledProbabilities) return { sampledProbabilities: async (rows) => sampledProbabilities.map((pass) => takeRows(pass, rows)) }
  if (network?.model.sampledProbabilities === undefined) return {}
  const { model, rowsOf, passes: random = randomFrom(0).fork('passes'), signal } = network
  return { sampledProbabilities: (rows, passes) => model.sampledProbabilities!(rowsOf(rows), passes, random, signal) }
}

function checkShapes({ logits, probabilities, embeddings, sampledProbabilities = [], weight, bias }: ArraySource): void {
  const perSample = Object.entries({ logits, probabilities, embeddings, 'sampled probabilities': sampledProbabilities[0] })
  const [first, ...others] = perSample.flatMap(([name, m]) => (m ? [{ name, rows: m.rows }] : []))
  for (const { name, rows } of others) {
    if (rows !== first.rows)
      throw badInput(`${name} and ${first.name} differ in length`, { found: `${rows} rows`, expected: `${first.rows} rows` })
  }
  if (weight && embeddings && weight.cols !== embeddings.cols) {
    throw badInput('weights and embeddings differ in width', { found: `${weight.cols} columns`, expected: `${embeddings.cols} columns` })
  }
  if (weight && bias && bias.length !== weight.rows) {
    throw badInput('the bias needs one value per class', { found: `${bias.length} values`, expected: `${weight.rows} values` })
  }
  for (const m of probabilities ? [probabilities, ...sampledProbabilities] : sampledProbabilities) requireDistributions(m)
}

/** Sums may be off by what float16 loses. */
const sumTolerance = 0.01

function requireDistributions({ data, rows, cols }: Matrix): void {
  for (let i = 0; i < rows; i++) {
    let sum = 0
    let least = Infinity
    for (let c = i * cols; c < (i + 1) * cols; c++) {
      sum += data[c]
      least = Math.min(least, data[c])
    }
    if (least >= 0 && Math.abs(sum - 1) <= sumTolerance) continue
    throw badInput(`row ${i} is not a probability distribution`, {
      path: `row ${i}`,
      found: least >= 0 ? `sum ${sum}` : `value ${least}`,
      expected: 'values from 0 to 1 that add up to 1',
    })
  }
}

function logarithms(m: Matrix): Matrix<Float64Array> {
  return { data: Float64Array.from(m.data, Math.log), rows: m.rows, cols: m.cols }
}

/** A query over arrays; what is left out is empty, seed 0, or refused when asked for. */
export interface ArrayQuery extends Partial<Omit<Query, 'pool' | 'k' | 'model' | 'features' | 'random'>> {
  readonly pool: Int32Array
  readonly k: number
  readonly model: ModelView
  /** N × d fixed space, by global row */
  readonly inputs?: Matrix
  readonly random?: Random
}

/** The query of a single selection outside a run: `querent select`. */
export function arrayQuery({ inputs, ...given }: ArrayQuery): Query {
  return {
    labeled: new Int32Array(0),
    labels: new Int32Array(0),
    classes: 0,
    round: 0,
    rounds: 1,
    random: randomFrom(0).fork('selection'),
    validation: { rows: new Int32Array(0), labels: new Int32Array(0) },
    memory: {},
    kernels: plainKernels,
    time: (_, work) => work(),
    features(rows) {
      if (!inputs) throw unsupported('inputs not given: needs --inputs', { expected: '--inputs' })
      return takeRows(inputs, rows)
    },
    ...given,
  }
}
