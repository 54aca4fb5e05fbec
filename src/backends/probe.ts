import type { FloatArray } from '@engine/core/matrix'
import { createBuilder } from '@engine/graph/builder'
import { gradients } from '@engine/graph/grad'
import type { Graph } from '@engine/graph/ir'
import type { BackendId, Executor } from '@engine/nn/executor'
import { crossEntropy } from '@engine/nn/losses'
import { createExecutor, type ExecutorOptions } from './registry'

export interface ProbeResult {
  readonly id: BackendId
  readonly usable: boolean
  /** why it cannot be used; empty when it can */
  readonly reason: string
  /** empty when it cannot be used */
  readonly device: string
  readonly threads: number
}

/**
 * Loads a backend and lets it take a training step with a known result. Run it in a child process: native libraries may abort the
 * process they are loaded into, and never leave it.
 */
export async function probeBackend(id: BackendId, options?: ExecutorOptions): Promise<ProbeResult> {
  const unusable = (reason: string): ProbeResult => ({ id, usable: false, reason, device: '', threads: 0 })
  let executor: Executor | undefined
  try {
    executor = await createExecutor(id, options)
    const fault = await wrongResult(executor)
    if (fault !== null) return unusable(fault)
    return { id, usable: true, reason: '', device: executor.device, threads: executor.threads }
  } catch (error) {
    return unusable(error instanceof Error ? error.message : String(error))
  } finally {
    executor?.dispose()
  }
}

/**
 * One SGD step of rate 1 on the sample (1, 2) of class 0, from weights 0: p = (½, ½), so the loss is ln 2 and the gradient
 * (p − y) ⊗ (1, 2); afterwards the logits are (3, −3).
 */
const expected = {
  loss: [Math.LN2],
  weight: [0.5, 1, -0.5, -1],
  bias: [0.5, -0.5],
  logits: [3, -3],
}
const specs = [
  { name: 'weight', shape: [2, 2] },
  { name: 'bias', shape: [2] },
]

async function wrongResult(executor: Executor): Promise<string | null> {
  const floats = (values: readonly number[]): FloatArray => {
    const array = executor.allocate(values.length)
    array.set(values)
    return array
  }
  const parameters = executor.parameters(specs)
  parameters.write([floats([0, 0, 0, 0]), floats([0, 0])])
  const sgd = { type: 'sgd', momentum: 0, nesterov: false, weightDecay: 0 } as const
  const step = await executor.compileStep(traceProbe('step'), parameters, sgd)
  const inference = await executor.compile(traceProbe('inference'), parameters)
  const x = floats([1, 2])
  const loss = await step.step({ x, target: floats([1, 0]) }, 1)
  const logits = executor.allocate(2)
  await inference.run({ x }, { logits })
  const [weight, bias] = await parameters.read()
  for (const program of [step, inference, parameters]) program.dispose()

  const found = { loss: [loss], weight, bias, logits }
  for (const [name, values] of Object.entries(expected)) {
    const computed = [...found[name as keyof typeof found]]
    if (computed.some((value, i) => !(Math.abs(value - values[i]) < 1e-5))) {
      return `it computes wrong numbers: ${name} is ${computed.join(', ')} instead of ${values.join(', ')}`
    }
  }
  return null
}

function traceProbe(kind: 'step' | 'inference'): Graph {
  const g = createBuilder()
  const parameters = specs.map(({ name, shape }) => g.parameter(name, shape))
  const [weight, bias] = parameters
  const logits = g.add(g.matmul(g.input('x', [1, 2]), weight, { transB: true }), bias)
  if (kind === 'inference') g.output('logits', logits)
  else {
    const loss = crossEntropy(g, logits, g.input('target', [1, 2]))
    g.output('loss', loss)
    gradients(g, loss, parameters).forEach((gradient, i) => g.output(`grad:${specs[i].name}`, gradient))
  }
  return g.build()
}
