import type { FloatArray } from '../core/matrix'
import type { Graph, Shape } from '../graph/ir'

export interface ParameterSpec {
  readonly name: string
  readonly shape: Shape
  /** Not trained: a training step computes the new value itself (running statistics). */
  readonly buffer?: boolean
}

/** First and second moments of Adam as its paper defines them (no bias correction), one array per parameter, after `step` steps. */
export interface Moments {
  readonly first: readonly FloatArray[]
  readonly second: readonly FloatArray[]
  readonly step: number
}

/** Update rule of one optimiser step. Learning rates may change between steps, the rest may not. */
export type OptimizerRule =
  | { readonly type: 'sgd'; readonly momentum: number; readonly nesterov: boolean; readonly weightDecay: number }
  /** Adam with L2 in the gradient; torch defaults. */
  | { readonly type: 'adam'; readonly beta1: number; readonly beta2: number; readonly epsilon: number; readonly weightDecay: number }
  /** Adam with decoupled weight decay (Loshchilov & Hutter). */
  | { readonly type: 'adamw'; readonly beta1: number; readonly beta2: number; readonly epsilon: number; readonly weightDecay: number }

/** Numbers of one model that training changes, kept where the executor wants them (typed arrays, wasm memory, a device). */
export interface Parameters {
  readonly specs: readonly ParameterSpec[]
  /** Copies every parameter in, in the order of `specs`, each row-major. */
  write(values: readonly FloatArray[]): void
  read(): Promise<FloatArray[]>
  dispose(): void
}

/** Values by graph input name. An array may be longer than the tensor needs: the executor reads its head. */
export type Feeds = Readonly<Record<string, FloatArray>>

/** A compiled graph that reads the parameters and changes nothing. */
export interface Program {
  /** Fills `outputs` (by graph output name, caller-owned) and resolves when they are complete. */
  run(feeds: Feeds, outputs: Readonly<Record<string, FloatArray>>): Promise<void>
  dispose(): void
}

/** A compiled training step: gradients, then the optimiser in place. Created with zero optimiser state. */
export interface StepProgram {
  /** Takes one step; resolves to the value of the graph's `loss` output. */
  step(feeds: Feeds, learningRate: number): Promise<number>
  /** Copy of Adam's moments, in the order of the parameters and as its paper defines them; null for other rules. */
  moments(): Promise<Moments | null>
  dispose(): void
}

/**
 * A machine that runs graphs. Executors only supply primitives; derivatives and per-sample norms are graphs already.
 * Buffers handed in are the executor's number type (`float64` on the reference executor, `float32` elsewhere).
 */
export interface Executor {
  readonly id: BackendId
  readonly precision: 'float32' | 'float64'
  /** What the manifest records: 'CPU', 'WASM', a GPU's name. */
  readonly device: string
  readonly threads: number
  allocate(size: number): FloatArray
  parameters(specs: readonly ParameterSpec[]): Parameters
  compile(graph: Graph, parameters: Parameters): Promise<Program>
  /**
   * `graph` has a scalar output `loss` and, per parameter, `grad:<name>`, or `buffer:<name>` with the next value of a buffer. `rates`:
   * what each parameter's learning rate is multiplied with, in the order of the parameters without the buffers; 1 when left out.
   */
  compileStep(graph: Graph, parameters: Parameters, rule: OptimizerRule, rates?: readonly number[]): Promise<StepProgram>
  dispose(): void
}

export const backendIds = ['onnx-native', 'onnx-wasm', 'tfjs', 'reference'] as const
export type BackendId = (typeof backendIds)[number]
