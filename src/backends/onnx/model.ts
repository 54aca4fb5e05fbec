import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { badInput, unsupported } from '@engine/core/errors'
import { importPackage } from './runtime'

/** An input or output of a model: dimensions that may vary have a name instead of a length. */
export interface OnnxPort {
  readonly name: string
  readonly type: string
  readonly shape: readonly (number | string)[]
}

export interface OnnxFeed {
  readonly data: Float32Array | BigInt64Array
  readonly shape: readonly number[]
}

/** A model file of somebody else, for inference only. One run at a time. */
export interface OnnxModel {
  readonly inputs: readonly OnnxPort[]
  readonly outputs: readonly OnnxPort[]
  /** The values of one output. */
  run(
    feeds: Readonly<Record<string, OnnxFeed>>,
    output: string,
  ): Promise<{ readonly data: Float32Array; readonly shape: readonly number[] }>
  dispose(): Promise<void>
}

/** Opens an `.onnx` file with the native library; weights in a file beside it are found by it. `name` is what errors call it. */
export async function openOnnxModel(file: string, name: string, threads: number): Promise<OnnxModel> {
  const ort = await importPackage('native')
  ort.env.logLevel = 'error'
  const session = await explained(name, () =>
    ort.InferenceSession.create(file, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    }),
  )
  return {
    inputs: session.inputMetadata.map((port) => portOf(port, name)),
    outputs: session.outputMetadata.map((port) => portOf(port, name)),
    run: async (feeds, output) => {
      const tensors: Record<string, Tensor> = {}
      for (const [key, { data, shape }] of Object.entries(feeds))
        tensors[key] = data instanceof Float32Array ? new ort.Tensor('float32', data, shape) : new ort.Tensor('int64', data, shape)
      const { [output]: found } = await explained(name, () => session.run(tensors, [output]))
      const { data, dims } = found
      if (data instanceof Float32Array) return { data, shape: dims }
      if (data instanceof Float64Array) return { data: Float32Array.from(data), shape: dims }
      throw unsupported(`${name}: its output ${output} is ${found.type}`, { file: name, found: found.type, expected: 'float32 or float64' })
    },
    dispose: () => session.release(),
  }
}

function portOf(port: InferenceSession.ValueMetadata, name: string): OnnxPort {
  if (port.isTensor) return port
  throw unsupported(`${name}: ${port.name} is no tensor`, { file: name, found: 'a sequence or map', expected: 'tensors' })
}

/** The library reports damaged files and misfitting inputs as errors of its own. */
async function explained<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw badInput(`${name}: ONNX Runtime cannot use this model: ${message}`, { file: name })
  }
}
