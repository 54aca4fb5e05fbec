import type { InferenceSession, TypedTensor } from 'onnxruntime-node'
import { QuerentError } from '@engine/core/errors'

export type FloatTensor = TypedTensor<'float32'>
export type Tensors = Readonly<Record<string, FloatTensor>>
export type RuntimeKind = 'native' | 'wasm'

/** A loaded model. One run at a time. */
export interface Session {
  /** Runs the model on `feeds` and fills the arrays behind `results`. */
  run(feeds: Tensors, results: Tensors): Promise<void>
  release(): void
}

/** One of the two packages of ONNX Runtime. */
export interface Runtime {
  readonly kind: RuntimeKind
  tensor(data: Float32Array, shape: readonly number[]): FloatTensor
  load(model: Uint8Array): Promise<Session>
}

type Package = typeof import('onnxruntime-node')

/**
 * Loads ONNX Runtime: the native library, or its WebAssembly build without relaxed SIMD, whose arithmetic is the same on every
 * machine. Never call it in a thread: terminating a thread that holds the native library aborts the process.
 */
export async function loadRuntime(kind: RuntimeKind, threads: number): Promise<Runtime> {
  const ort = await importPackage(kind)
  ort.env.logLevel = 'error'
  if (kind === 'wasm') ort.env.wasm.numThreads = threads
  const options: InferenceSession.SessionOptions = {
    executionProviders: [kind === 'native' ? 'cpu' : 'wasm'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Planning all tensors of a run into one block takes more memory than it saves time.
    enableMemPattern: false,
    logSeverityLevel: 3,
  }
  return {
    kind,
    tensor: (data, shape) => new ort.Tensor('float32', data, shape),
    async load(model) {
      const session = await ort.InferenceSession.create(model, options)
      return {
        run: kind === 'native' ? filling(session) : copying(session),
        release: () => void session.release(),
      }
    },
  }
}

/** Loads one of the packages; throws `backend-unavailable` where it does not work. */
export async function importPackage(kind: RuntimeKind): Promise<Package> {
  const name = kind === 'native' ? 'onnxruntime-node' : 'onnxruntime-web'
  try {
    return kind === 'native' ? await import('onnxruntime-node') : ((await import('onnxruntime-web')) as unknown as Package)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new QuerentError(
      'backend-unavailable',
      `${name} cannot be loaded on ${process.platform}-${process.arch}: ${reason}`,
      {},
      { cause },
    )
  }
}

/** The native library writes into given arrays and lets the event loop turn before each run. */
function filling(session: InferenceSession): Session['run'] {
  return async (feeds, results) => {
    await session.run(feeds, results)
  }
}

const turnMs = 20

/** The WebAssembly build returns copies and never lets the event loop turn, so this does both in its place. */
function copying(session: InferenceSession): Session['run'] {
  let turned = performance.now()
  return async (feeds, results) => {
    const names = Object.keys(results)
    const computed = await session.run(feeds, names)
    for (const name of names) results[name].data.set(computed[name].data as Float32Array)
    if (performance.now() - turned < turnMs) return
    await new Promise((resolve) => setImmediate(resolve))
    turned = performance.now()
  }
}
