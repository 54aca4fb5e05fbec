import type { BackendId, Executor } from '@engine/nn/executor'

export interface ExecutorOptions {
  /** Native threads of one operation; 1 by default, because parallel runs are processes. */
  readonly threads?: number
}

/** Backends that `auto` tries, in this order; the first usable one runs the study. */
export const autoOrder: readonly BackendId[] = ['onnx-native', 'onnx-wasm']

/** One entry per backend; only the chosen one's library is loaded. */
const creators: Readonly<Record<BackendId, (options: ExecutorOptions) => Promise<Executor>>> = {
  'onnx-native': async (options) => (await import('./onnx/executor')).createOnnxExecutor('native', options),
  'onnx-wasm': async (options) => (await import('./onnx/executor')).createOnnxExecutor('wasm', options),
  tfjs: async () => {
    const [{ loadTensorflow }, { createTfjsExecutor }] = await Promise.all([import('./tfjs/load'), import('./tfjs/executor')])
    const { tf, device } = await loadTensorflow()
    return createTfjsExecutor(tf, { device })
  },
  reference: async () => (await import('./reference/executor')).createReferenceExecutor(),
}

/** Loads a backend and returns its executor; throws `backend-unavailable` with the reason when that fails. */
export const createExecutor = (id: BackendId, options: ExecutorOptions = {}): Promise<Executor> => creators[id](options)
