import { matrix, rowOf, type FloatArray, type Matrix } from '../core/matrix'
import type { Random } from '../core/random'
import { sizeOf, type Graph } from '../graph/ir'
import { adamTerms } from './adamDirection'
import type { Executor, Moments, Parameters } from './executor'
import { traceAdamProducts, traceGradientNorms, traceLossGradient, traceProjections, traceTangents } from './gradientGraphs'
import type { Gradients } from './model'
import type { Network } from './network'
import { createRowProgram, type Arrays, type RowProgram } from './rowProgram'
import type { Rows } from '../data/dataset'

/** Numbers of a projection's block of columns: bounds what is alive of it. */
const blockNumbers = 4_000_000

/** Gradients of a network with the weights in `parameters`; `alone` runs one request at a time. */
export function createGradients(
  network: Network,
  executor: Executor,
  parameters: Parameters,
  pause: () => Promise<void>,
  alone: <T>(work: () => Promise<T>) => Promise<T>,
): Gradients<Rows> & { dispose(): void } {
  const { classes } = network
  const programs = new Map<string, RowProgram>()
  const program = (key: string, trace: (batch: number) => Graph): RowProgram => {
    const known = programs.get(key)
    if (known !== undefined) return known
    const created = createRowProgram(trace, executor, parameters, pause)
    programs.set(key, created)
    return created
  }

  return {
    gradientNorms: (rows, outputErrors, signal) =>
      alone(async () => {
        const squared = zeros(rows.index.length, network.parameters.length)
        await program('norms', (batch) => traceGradientNorms(network, batch)).run(
          rows,
          (chunk, from, count) => collect(squared, chunk.squared, from, count),
          signal,
          (inputs, from, count) => feedRows(inputs.error, outputErrors, from, count),
        )
        return squared
      }),

    meanGradient: (rows, targets, signal) =>
      alone(async () => {
        const sums = network.parameters.map(({ shape }) => new Float64Array(sizeOf(shape)))
        await program('loss', (batch) => traceLossGradient(network, batch)).run(
          rows,
          (chunk) =>
            sums.forEach((sum, t) => {
              const part = chunk[`grad:${network.parameters[t].name}`]
              for (let i = 0; i < sum.length; i++) sum[i] += part[i]
            }),
          signal,
          (inputs, from, count) => feedRows(inputs.target, targets, from, count),
        )
        const n = Math.max(1, rows.index.length)
        return sums.map((sum) => sum.map((value) => value / n))
      }),

    logitTangents: (rows, direction, signal) =>
      alone(async () => {
        const result = zeros(rows.index.length, classes)
        const direct = once((inputs) => network.parameters.forEach(({ name }, t) => inputs[`direction:${name}`].set(direction[t])))
        await program('tangents', (batch) => traceTangents(network, batch)).run(
          rows,
          (chunk, from, count) => collect(result, chunk.tangents, from, count),
          signal,
          direct,
        )
        return result
      }),

    adamProducts: (rows, outputErrors, { form, moments }, directions, signal) =>
      alone(async () => {
        const n = rows.index.length
        const products = zeros(n, directions.length)
        const squared = new Float64Array(n)
        const terms = once((inputs) => {
          feedAdam(inputs, network, form, moments)
          network.parameters.forEach(({ name }, t) => {
            const target = inputs[`direction:${name}`]
            directions.forEach((direction, g) => target.set(direction[t], g * direction[t].length))
          })
        })
        await program(`${form} × ${directions.length}`, (batch) => traceAdamProducts(network, batch, form, directions.length)).run(
          rows,
          (chunk, from, count) => {
            collect(products, chunk.products, from, count)
            squared.set(chunk.squared.subarray(0, count), from)
          },
          signal,
          (inputs, from, count) => {
            terms(inputs)
            feedRows(inputs.error, outputErrors, from, count)
          },
        )
        return { products, squared }
      }),

    projectedGradients: (rows, outputErrors, { dimension, random, layers, adam }, signal) =>
      alone(async () => {
        const result = zeros(rows.index.length, dimension)
        const projected = network.parameters.slice(firstOf(network, layers), layers === 'last-weight' ? lastWeight(network) + 1 : undefined)
        const size = projected.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
        const width = Math.max(1, Math.min(dimension, Math.floor(blockNumbers / size)))
        const names = projected.map(({ name }) => name)
        const projection = program(`projection ${layers} ${adam?.form ?? ''} × ${width}`, (batch) =>
          traceProjections(network, batch, names, adam?.form ?? null, width),
        )
        for (let start = 0, block = 0; start < dimension; start += width, block++) {
          const count = Math.min(width, dimension - start)
          const fixed = once((inputs) => {
            if (adam !== undefined) feedAdam(inputs, network, adam.form, adam.moments, names)
            drawSigns(inputs, names, random.fork('block', block), 1 / Math.sqrt(dimension))
          })
          await projection.run(
            rows,
            (chunk, from, rowCount) => {
              for (let i = 0; i < rowCount; i++) rowOf(result, from + i).set(chunk.projected.subarray(i * width, i * width + count), start)
            },
            signal,
            (inputs, from, rowCount) => {
              fixed(inputs)
              feedRows(inputs.error, outputErrors, from, rowCount)
            },
          )
        }
        return result
      }),

    dispose: () => programs.forEach((created) => created.dispose()),
  }
}

const lastWeight = ({ layers, parameters }: Network): number => parameters.length - layers[layers.length - 1].parameters.length
const firstOf = (network: Network, layers: 'all' | 'last' | 'last-weight'): number => (layers === 'all' ? 0 : lastWeight(network))

const zeros = (rows: number, cols: number): Matrix<Float64Array> => matrix(new Float64Array(rows * cols), rows, cols)

/** What is the same for all chunks of a request, written into each set of inputs the first time it is used. */
function once(write: (inputs: Arrays) => void): (inputs: Arrays) => void {
  const done = new Set<Arrays>()
  return (inputs) => {
    if (done.has(inputs)) return
    done.add(inputs)
    write(inputs)
  }
}

function feedAdam(
  inputs: Arrays,
  network: Network,
  form: 'code' | 'paper',
  moments: Moments | null,
  names: readonly string[] = network.parameters.map(({ name }) => name),
): void {
  const { firstScale, secondScale, gain, squareGain } = adamTerms(form, moments?.step ?? 0)
  network.parameters.forEach(({ name }, t) => {
    if (!names.includes(name)) return
    scaleInto(inputs[`first:${name}`], moments?.first[t], firstScale)
    scaleInto(inputs[`second:${name}`], moments?.second[t], secondScale)
  })
  inputs.gain[0] = gain
  inputs.squareGain[0] = squareGain
}

function scaleInto(target: FloatArray, values: FloatArray | undefined, factor: number): void {
  if (values === undefined) target.fill(0)
  else for (let i = 0; i < values.length; i++) target[i] = factor * values[i]
}

/** Rademacher entries ±scale, from one stream per block of columns: nothing of the projection is kept. */
function drawSigns(inputs: Arrays, names: readonly string[], random: Random, scale: number): void {
  for (const name of names) {
    const target = inputs[`projection:${name}`]
    random.coins(target, 0, target.length, 0.5, 2 * scale)
    for (let i = 0; i < target.length; i++) target[i] -= scale
  }
}

/** Copies the rows of a chunk to their place. */
export const collect = ({ data, cols }: Matrix, chunk: FloatArray, from: number, count: number): void =>
  data.set(chunk.subarray(0, count * cols), from * cols)

/** Rows from … from + count − 1 of a matrix at the head of an input, zeros after them. */
function feedRows(input: FloatArray, { data, cols }: Matrix, from: number, count: number): void {
  input.set(data.subarray(from * cols, (from + count) * cols))
  input.fill(0, count * cols)
}
