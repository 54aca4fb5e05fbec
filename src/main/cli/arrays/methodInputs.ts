import type { Command } from 'commander'
import { badInput, QuerentError } from '@engine/core/errors'
import { dot } from '@engine/core/linear'
import { matrix, type Matrix } from '@engine/core/matrix'
import type { Random } from '@engine/core/random'
import { randomFrom } from '@engine/core/random'
import type { ArraySource } from '@engine/strategies/arrayView'
import { integer, type CliContext } from '../io'
import { openArray, openLabels, openMatrix, openPasses, openRows, probabilityTolerance, requireProbabilities } from './files'
import { openNetwork } from './network'

/** What the flags of `score` and `select` hold. */
export interface ArrayOptions {
  readonly probs?: string
  readonly logits?: string
  readonly features?: string
  readonly weights?: string
  readonly bias?: string
  readonly mcProbs?: string
  readonly labels?: string
  readonly labeled?: string
  readonly clusters?: string
  readonly model?: string
  readonly architecture?: string
  readonly inputs?: string
  readonly seed?: number
  readonly out?: string
}

/** The samples of a call: what is known of them and which of them are candidates. */
export interface MethodInputs {
  readonly n: number
  readonly source: ArraySource
  /** n × values of --inputs, as given */
  readonly inputs: Matrix | undefined
  /** rows that are not labelled, ascending */
  readonly pool: Int32Array
  readonly labeled: Int32Array
  /** cluster of each of the n rows */
  readonly clusters: Int32Array | undefined
  /** class of each labelled row; empty without --labels */
  readonly labels: Int32Array
  readonly random: Random
  dispose(): void
}

export function addArrayOptions(command: Command): Command {
  return command
    .option('--probs <file>', `class probabilities, n × C; rows sum to 1 ± ${probabilityTolerance}`)
    .option('--logits <file>', 'network outputs before the softmax, n × C')
    .option('--features <file>', 'inputs of the last layer, n × d')
    .option('--weights <file>', 'weight of the last layer, C × d')
    .option('--bias <file>', 'bias of the last layer, C')
    .option('--mc-probs <file>', 'probabilities of m stochastic passes, m × n × C')
    .option('--labels <file>', 'class numbers, n')
    .option('--labeled <rows>', 'rows that are labelled already: a file, or numbers like 0,3,7; the rest is the pool')
    .option('--clusters <file>', 'cluster numbers of all rows, n: a clustering made elsewhere, for typiclust')
    .option('--model <file>', 'weights with the names of a PyTorch state_dict (.safetensors or .npz)')
    .option('--architecture <file>', 'JSON list of its layers; left out: dense layers with ReLU between')
    .option('--inputs <file>', 'inputs of the model, n × d or n × c × h × w')
    .option('--seed <n>', 'seed of random choices (default: 0)', integer())
    .option('--out <file>', 'write the table to this file')
}

/** Reads and checks every array that was given. Arrays of different lengths are refused by name. */
export async function openInputs(context: CliContext, options: ArrayOptions): Promise<MethodInputs> {
  const { probs, logits, features, weights, bias, mcProbs } = options
  if (probs !== undefined && logits !== undefined) throw usage('--probs and --logits exclude each other')
  const probabilities = probs === undefined ? undefined : openMatrix(context, probs)
  if (probabilities !== undefined && probs !== undefined) requireProbabilities(probabilities, probs)
  const embeddings = features === undefined ? undefined : openMatrix(context, features)
  const sampledProbabilities = mcProbs === undefined ? undefined : openPasses(context, mcProbs)
  const weight = weights === undefined ? undefined : openMatrix(context, weights)
  const biases = bias === undefined ? undefined : openMatrix(context, bias).data
  if (bias !== undefined && weight === undefined) throw usage('--bias needs --weights')
  const { model, architecture, seed = 0 } = options
  const network = model === undefined ? undefined : await openNetwork(context, model, architecture, options.inputs, seed)
  if (architecture !== undefined && network === undefined) throw usage('--architecture needs --model')
  const inputs = options.inputs === undefined ? undefined : flattened(context, options.inputs)
  let outputs = logits === undefined ? undefined : openMatrix(context, logits)
  const n = commonRows([
    [probs, probabilities?.rows],
    [logits, outputs?.rows],
    [features, embeddings?.rows],
    [mcProbs, sampledProbabilities?.[0]?.rows],
    [options.inputs, inputs?.rows],
  ])
  if (weight !== undefined && embeddings !== undefined) {
    const computed = lastLayerOutputs(embeddings, weight, biases, [features ?? '', weights ?? '', bias ?? ''])
    if (outputs === undefined && probabilities === undefined) outputs = computed
  }
  const labeled = options.labeled === undefined ? new Int32Array(0) : openRows(context, options.labeled, '--labeled', n)
  const isLabeled = new Uint8Array(n)
  for (const row of labeled) isLabeled[row] = 1
  const perRow = (reference: string | undefined): Int32Array | undefined => {
    if (reference === undefined) return undefined
    const values = openLabels(context, reference)
    if (values.length !== n) throw lengths([reference, values.length], ['the other arrays', n])
    return values
  }
  const known = perRow(options.labels)
  return {
    n,
    source: { logits: outputs, probabilities, embeddings, sampledProbabilities, weight, bias: biases, network },
    inputs,
    pool: Int32Array.from({ length: n }, (_, row) => row).filter((row) => isLabeled[row] === 0),
    labeled,
    clusters: perRow(options.clusters),
    labels: known === undefined ? new Int32Array(0) : labeled.map((row) => known[row]),
    random: randomFrom(seed).fork('selection'),
    dispose: () => network?.model.dispose(),
  }
}

const usage = (message: string): QuerentError => new QuerentError('bad-usage', message)

const lengths = ([name, rows]: readonly [string, number], [other, otherRows]: readonly [string, number]): QuerentError =>
  badInput(`${name} has ${rows} rows, ${other} ${otherRows}`, { file: name, found: `${rows} rows`, expected: `${otherRows} rows` })

function commonRows(arrays: readonly (readonly [name: string | undefined, rows: number | undefined])[]): number {
  const given = arrays.flatMap(([name, rows]) => (name === undefined || rows === undefined ? [] : [[name, rows] as const]))
  if (given.length === 0) throw usage('an array is needed: --probs, --logits, --features, --mc-probs or --inputs')
  const [first] = given
  const other = given.find(([, rows]) => rows !== first[1])
  if (other !== undefined) throw lengths(other, first)
  if (first[1] === 0) throw badInput(`${first[0]}: no rows`, { file: first[0] })
  return first[1]
}

function flattened(context: CliContext, reference: string): Matrix {
  const { data, shape } = openArray(context, reference)
  return matrix(Float64Array.from(data), shape[0], data.length / shape[0])
}

/** H Wᵀ + b (n × C). */
function lastLayerOutputs(
  features: Matrix,
  weight: Matrix,
  bias: Float64Array | undefined,
  names: readonly string[],
): Matrix<Float64Array> {
  const [d, classes] = [features.cols, weight.rows]
  if (weight.cols !== d)
    throw badInput(`${names[1]} (${classes}×${weight.cols}) does not fit ${names[0]} (${features.rows}×${d})`, {
      file: names[1],
      expected: `C × ${d}`,
    })
  if (bias !== undefined && bias.length !== classes)
    throw badInput(`${names[2]} has ${bias.length} values`, {
      file: names[2],
      found: `${bias.length}`,
      expected: `${classes}, one per row of ${names[1]}`,
    })
  const out = matrix(new Float64Array(features.rows * classes), features.rows, classes)
  for (let i = 0; i < features.rows; i++)
    for (let c = 0; c < classes; c++) out.data[i * classes + c] = dot(features.data, i * d, weight.data, c * d, d) + (bias?.[c] ?? 0)
  return out
}
