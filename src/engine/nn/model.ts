import type { CancelSignal } from '../core/errors'
import type { FloatArray, Matrix } from '../core/matrix'
import type { Random } from '../core/random'
import type { Rows } from '../data/dataset'
import type { ParameterSpec } from './executor'

export type Capability = 'proba' | 'embedding' | 'lastLayer' | 'tensorNorms' | 'sampledProba'

export interface EpochStats {
  readonly epoch: number
  readonly epochs: number
  /** mean over the epoch's samples, measured while training */
  readonly loss: number
}

export interface FitSummary {
  readonly epochs: number
  readonly steps: number
  /** mean over the last epoch's samples, measured while training */
  readonly loss: number
  /** accuracy on the training rows after the last step, in inference mode */
  readonly accuracy: number
  readonly lossCurve: readonly number[]
}

export interface FitOptions {
  readonly optimizer: 'sgd' | 'adam' | 'adamw'
  readonly learningRate: number
  /** fractions of the fit (0 … 1): from epoch ≥ milestone · epochs on, the rate is multiplied by `decay` once more */
  readonly milestones: readonly number[]
  readonly decay: number
  readonly momentum: number
  readonly nesterov: boolean
  readonly weightDecay: number
  readonly batchSize: number
  readonly epochs: number
  /** optimiser steps below which epochs are added (product: training length) */
  readonly minSteps: number
  readonly augment: 'none' | 'flip-crop'
}

/** Named streams of one fit; all are shared by the strategies of a repeat. */
export interface FitRandom {
  readonly order: Random
  readonly dropout: Random
  readonly augment: Random
}

/** Logits and last-layer inputs of rows, from one forward pass in inference mode. */
export interface Outputs {
  /** n × C */
  readonly logits: Matrix
  /** n × d, the input of the last dense layer */
  readonly embedding: Matrix
}

/** Per-sample norms of the entropy gradient, one column per parameter tensor (A§2.2, 7.1). */
export interface TensorNorms {
  /** n × T squared Euclidean norms; the last layer's weight and bias are the last two columns */
  readonly squared: Matrix<Float64Array>
  /** n: ‖dH/dz‖, the norm of the output error */
  readonly outputError: Float64Array
  readonly tensors: readonly string[]
}

/** A network bound to an executor. Matrices and numbers cross this line, never a device tensor. */
export interface Model {
  readonly capabilities: ReadonlySet<Capability>
  readonly classes: number
  /** weight and bias of every layer in order, named as in torch's `nn.Sequential` */
  readonly parameters: readonly ParameterSpec[]
  /** Draws fresh weights. */
  initialize(random: Random): void
  fit(rows: Rows, labels: Int32Array, options: FitOptions, random: FitRandom, signal?: CancelSignal): AsyncGenerator<EpochStats, FitSummary>
  outputs(rows: Rows, signal?: CancelSignal): Promise<Outputs>
  tensorNorms(rows: Rows, signal?: CancelSignal): Promise<TensorNorms>
  /**
   * Probabilities of `passes` forward passes with dropout on, one n × C matrix per pass; there with the capability `sampledProba`,
   * which networks with dropout have. `dropout` is forked by row: a row's masks depend on neither its neighbours nor the number of
   * passes, so all methods of a round see the same passes, and a request may be split.
   */
  sampledProbabilities?(rows: Rows, passes: number, dropout: Random, signal?: CancelSignal): Promise<readonly Matrix[]>
  /** Weight C × d (torch layout) and bias C of the last dense layer. */
  lastLayer(): Promise<{ readonly weight: Matrix; readonly bias: FloatArray }>
  /** Copy of the weights, in the order of `parameters`. */
  snapshot(): Promise<FloatArray[]>
  restore(weights: readonly FloatArray[]): void
  dispose(): void
}

/** Layers of a sequential network; names and defaults follow `torch.nn`. Shapes are inferred from the input. */
export type LayerSpec = LayerKind & {
  /** whether an auxiliary module may read this layer's output */
  readonly tap?: boolean
}

type LayerKind =
  | { readonly type: 'dense'; readonly units: number; readonly bias?: boolean }
  | {
      readonly type: 'conv2d'
      readonly filters: number
      readonly kernel: number
      readonly stride?: number
      readonly padding?: number
      readonly bias?: boolean
    }
  | { readonly type: 'relu' }
  | { readonly type: 'tanh' }
  | { readonly type: 'maxpool2d'; readonly size: number; readonly stride?: number }
  | { readonly type: 'flatten' }
  | { readonly type: 'dropout'; readonly rate: number }

export type WeightInit = 'he-uniform' | 'torch-default' | 'glorot-uniform'
