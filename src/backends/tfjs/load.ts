import { createRequire } from 'node:module'
import { QuerentError } from '@engine/core/errors'

export type Tensorflow = typeof import('@tensorflow/tfjs')

/** Packages with TensorFlow's native library, the one for GPUs first. */
const packages = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const
const nativeBackend = 'tensorflow'

/** One thread per run, full float32 products on GPUs, no log lines; read by the native library when it loads. */
const environment = {
  TF_NUM_INTRAOP_THREADS: '1',
  TF_NUM_INTEROP_THREADS: '1',
  NVIDIA_TF32_OVERRIDE: '0',
  TF_CPP_MIN_LOG_LEVEL: '2',
}

/**
 * Loads TensorFlow.js with its native library. Throws `backend-unavailable` with every package's reason, and never settles for
 * TensorFlow.js' own JavaScript backend.
 */
export async function loadTensorflow(): Promise<{ readonly tf: Tensorflow; readonly device: string }> {
  for (const [name, value] of Object.entries(environment)) process.env[name] ??= value
  // Not `import`: the packages are the user's, and a bundler must not look for them.
  const load = createRequire(import.meta.url)
  restoreUtil(load('node:util') as Record<string, unknown>)
  const reasons: string[] = []
  for (const name of packages) {
    try {
      const tf = load(name) as Tensorflow
      await tf.ready()
      if (tf.getBackend() === nativeBackend) return { tf, device: deviceOf(tf) }
      reasons.push(`${name} computes on "${tf.getBackend()}", not on its native library`)
    } catch (cause) {
      reasons.push(`${name}: ${shortReason(cause)}`)
    }
  }
  throw new QuerentError('backend-unavailable', `TensorFlow.js has no native library here: ${reasons.join('; ')}`)
}

/** tfjs-node calls helpers that Node removed in version 23. */
function restoreUtil(util: Record<string, unknown>): void {
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined
  util.isArray ??= Array.isArray
}

function deviceOf(tf: Tensorflow): string {
  const backend: object = tf.backend()
  return 'isUsingGpuDevice' in backend && backend.isUsingGpuDevice === true ? 'GPU (TensorFlow)' : 'CPU (TensorFlow)'
}

/** Why a package does not load, without the places of this machine that its messages name. */
function shortReason(cause: unknown): string {
  const [line] = (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)
  if (/^Cannot find module/.test(line)) return 'not installed'
  if (/native addon module/.test(line)) return 'its native library was not fetched when it was installed'
  return line.replace(/(?:[A-Za-z]:)?[\\/](?:[^\s'":]+[\\/])+/g, '')
}
