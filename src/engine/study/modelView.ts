import type { CancelSignal } from '../core/errors'
import { exponentials, logSoftmax } from '../core/linear'
import type { FloatArray, Matrix } from '../core/matrix'
import type { Random } from '../core/random'
import type { Rows } from '../data/dataset'
import type { Model, Reader, TensorNorms } from '../nn/model'
import type { CheckpointView, ModelView } from '../strategies/contract'
import type { Ledger } from './ledger'

export interface ViewOptions {
  /** rows as the model sees them */
  readonly rows: (index: Int32Array) => Rows
  /** rows of the training array */
  readonly count: number
  /** embeddings are wanted this round: they are kept from the pass that gives the probabilities */
  readonly embeddings: boolean
  /** dropout stream of stochastic passes: no strategy's own, so that all methods of a round see the same passes of a row */
  readonly passes: Random
  readonly signal?: CancelSignal
}

/** Rows per forward pass when its features are not kept: they pass by in small pieces. */
const passRows = 8192

/**
 * What one trained model says, asked of the network once per row and shared by the strategy and its shadows. `charged` gives the
 * view of one method: the time the network takes on its request goes to its ledger.
 */
export function createModelView(model: Model, options: ViewOptions): ChargedView {
  const current = createReaderView(model, options)
  const past = model.checkpoints().map(({ weights, ...about }) => ({ about, view: createReaderView(model.readerAt(weights), options) }))
  return {
    charged: (ledger) => {
      const checkpoints = past.map(({ about, view }): CheckpointView => ({ ...about, model: view.charged(ledger) }))
      return { ...current.charged(ledger), ...lossPrediction(model, options, ledger), checkpoints: () => checkpoints }
    },
  }
}

/** What the auxiliary module says; nothing without one. */
function lossPrediction(model: Model, { rows: rowsOf, signal }: ViewOptions, ledger: Ledger): Partial<ModelView> {
  const { predictedLosses, predictedLossNorms } = model
  if (predictedLosses === undefined || predictedLossNorms === undefined) return {}
  return {
    predictedLosses: (rows) => ledger.charge('forwardMs', () => predictedLosses(rowsOf(rows), signal)),
    predictedLossNorms: (rows) => ledger.charge('forwardMs', () => predictedLossNorms(rowsOf(rows), signal)),
  }
}

interface ChargedView {
  charged(ledger: Ledger): ModelView
}

function createReaderView(model: Reader, options: ViewOptions): ChargedView {
  const { signal, count } = options
  const outputs = rowCache(count, async (index) => {
    if (options.embeddings) {
      const { logits, embedding } = await model.outputs(options.rows(index), signal)
      return [logSoftmax(logits), embedding]
    }
    const classes = model.classes
    const whole = { data: new Float64Array(index.length * classes), rows: index.length, cols: classes }
    for (let from = 0; from < index.length; from += passRows) {
      const { logits } = await model.outputs(options.rows(index.subarray(from, from + passRows)), signal)
      whole.data.set(logSoftmax(logits).data, from * classes)
    }
    return [whole]
  })
  const lateEmbeddings = rowCache(count, async (index) => [(await model.outputs(options.rows(index), signal)).embedding])
  let tensors: readonly string[] = []
  const norms = rowCache(count, async (index) => {
    const found = await model.tensorNorms(options.rows(index), signal)
    tensors = found.tensors
    return [found.squared, { data: found.outputError, rows: index.length, cols: 1 }]
  })
  const exponentialsOf = memo(exponentials)
  let lastLayer: ReturnType<Reader['lastLayer']> | undefined

  return {
    charged: (ledger) => {
      const timed = <T>(work: () => Promise<T>): Promise<T> => ledger.charge('forwardMs', work)
      const logProbabilities = (rows: Int32Array): Promise<Matrix> => outputs(rows, 0)
      return {
        capabilities: model.capabilities,
        logProbabilities: (rows) => timed(() => logProbabilities(rows)),
        probabilities: (rows) => timed(async () => exponentialsOf(await logProbabilities(rows))),
        embeddings: (rows) => timed(() => (options.embeddings ? outputs(rows, 1) : lateEmbeddings(rows, 0))),
        tensorNorms: (rows) =>
          timed(async (): Promise<TensorNorms> => {
            const squared = (await norms(rows, 0)) as Matrix<Float64Array>
            return { squared, outputError: (await norms(rows, 1)).data as Float64Array, tensors }
          }),
        gradientNorms: (rows, errors) => timed(() => model.gradientNorms(options.rows(rows), errors, signal)),
        meanGradient: (rows, targets) => timed(() => model.meanGradient(options.rows(rows), targets, signal)),
        logitTangents: (rows, direction) => timed(() => model.logitTangents(options.rows(rows), direction, signal)),
        adamProducts: (rows, errors, adam, directions) =>
          timed(() => model.adamProducts(options.rows(rows), errors, adam, directions, signal)),
        projectedGradients: (rows, errors, projection) =>
          timed(() => model.projectedGradients(options.rows(rows), errors, projection, signal)),
        lastLayer: () => timed(() => (lastLayer ??= model.lastLayer())),
        ...(model.sampledProbabilities === undefined
          ? {}
          : {
              sampledProbabilities: (rows: Int32Array, passes: number) =>
                timed(() => model.sampledProbabilities!(options.rows(rows), passes, options.passes, signal)),
            }),
      }
    },
  }
}

/**
 * Computes each row once, all parts of it, and gives one of them. A request for exactly the rows of an earlier computation gets its matrix,
 * without a copy.
 */
function rowCache(
  count: number,
  compute: (rows: Int32Array) => Promise<readonly Matrix[]>,
): (rows: Int32Array, part: number) => Promise<Matrix> {
  const blocks: { readonly rows: Int32Array; readonly values: readonly Matrix[] }[] = []
  let block: Int32Array | undefined
  let position: Int32Array | undefined
  return async (rows, part) => {
    const same = blocks.find((known) => sameRows(known.rows, rows))
    if (same) return same.values[part]
    block ??= new Int32Array(count).fill(-1)
    position ??= new Int32Array(count)
    const missing = rows.filter((row) => block![row] < 0)
    if (missing.length > 0) {
      const values = await compute(missing)
      missing.forEach((row, i) => {
        block![row] = blocks.length
        position![row] = i
      })
      blocks.push({ rows: missing, values })
      if (missing.length === rows.length) return values[part]
    }
    if (rows.length === 0) return (await compute(rows))[part]
    const model = blocks[0].values[part]
    const { cols } = model
    const data = emptyLike(model.data, rows.length * cols)
    for (let i = 0; i < rows.length; i++) {
      const start = position[rows[i]] * cols
      data.set(blocks[block[rows[i]]].values[part].data.subarray(start, start + cols), i * cols)
    }
    return { data, rows: rows.length, cols }
  }
}

const emptyLike = (data: FloatArray, size: number): FloatArray =>
  data instanceof Float32Array ? new Float32Array(size) : new Float64Array(size)

function sameRows(a: Int32Array, b: Int32Array): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** The last result, for as long as the argument stays the same object. */
function memo<A extends object, B>(work: (argument: A) => B): (argument: A) => B {
  const known = new WeakMap<A, B>()
  return (argument) => {
    const found = known.get(argument)
    if (found !== undefined) return found
    const result = work(argument)
    known.set(argument, result)
    return result
  }
}
