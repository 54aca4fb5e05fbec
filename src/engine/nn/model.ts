import type { CancelSignal } from '../core/errors'
import type { FloatArray, Matrix } from '../core/matrix'
import type { Random } from '../core/random'
import type { Rows } from '../data/dataset'
import type { TuningMethod } from '../study/spec'
import type { AdamForm } from './adamDirection'
import type { Moments, ParameterSpec } from './executor'

export type { Moments }

export type Capability = 'proba' | 'embedding' | 'lastLayer' | 'tensorNorms' | 'gradients' | 'sampledProba' | 'lossPrediction'

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
  /** mean of the auxiliary module's loss over the last epoch; absent without a module */
  readonly auxiliaryLoss?: number
}

/** A module that predicts each sample's loss from hidden activations and is trained along with the network (A§7.2). */
export interface AuxiliarySpec {
  /** ranks pairs of samples by their loss, or predicts its value */
  readonly loss: 'rank' | 'mse'
  /** weight of its loss in the total; above 0 */
  readonly lambda: number
  /** margin of `rank` */
  readonly xi: number
  /** share of the fit (0 … 1) from which on its loss no longer shapes the network */
  readonly detachAt: number
  /** hidden activations it reads */
  readonly taps: 'all' | 'first' | 'last'
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
  /** how many of the last epochs to keep as checkpoints; none when left out. Changes no number of the fit. */
  readonly checkpoints?: number
  /** how a network with a backbone is trained; `learningRate` is then that of the backbone */
  readonly tuning?: Tuning
}

/** Fine-tuning of a backbone under a head (A§12.2). */
export interface Tuning {
  /** `ft` trains everything at once; `lp-ft` trains the head on frozen features before that */
  readonly method: TuningMethod
  /** length of the head's own training, which `minSteps` may prolong too */
  readonly headEpochs: number
  /** of the last layer, in both phases */
  readonly headLearningRate: number
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

/**
 * Gradients with respect to all parameters, in inference mode, of quantities given by their output errors (n × C, ∂L/∂logits).
 * `Rows` names samples; one matrix column or array per parameter tensor, in the order of `parameters`.
 */
export interface Gradients<Rows> {
  /** n × T squared norms of each sample's gradient for its row of `outputErrors` (A§2.2). */
  gradientNorms(rows: Rows, outputErrors: Matrix, signal?: CancelSignal): Promise<Matrix<Float64Array>>
  /** Mean over the rows of the gradient of −Σ_c t_c log p_c with the soft labels `targets` (n × C), accumulated in float64. */
  meanGradient(rows: Rows, targets: Matrix, signal?: CancelSignal): Promise<Float64Array[]>
  /**
   * n × C derivatives u of every logit along a parameter direction V, so that ⟨∇CE_c, V⟩ = p·u − u_c for every label c; of one layer
   * u = V h + V_b (A§9.3).
   */
  logitTangents(rows: Rows, direction: readonly FloatArray[], signal?: CancelSignal): Promise<Matrix<Float64Array>>
  /**
   * Products (n × G) of each sample's Adam direction Γ with G parameter directions, and ‖Γ‖² (n). Γ is not linear in the gradient, so
   * gradients are formed, a batch at a time (A§8.1).
   */
  adamProducts(
    rows: Rows,
    outputErrors: Matrix,
    adam: AdamState,
    directions: readonly (readonly FloatArray[])[],
    signal?: CancelSignal,
  ): Promise<{ readonly products: Matrix<Float64Array>; readonly squared: Float64Array }>
  /** n × k: each sample's gradient, or its Adam direction, under a random projection (A§2.3). */
  projectedGradients(rows: Rows, outputErrors: Matrix, projection: Projection, signal?: CancelSignal): Promise<Matrix<Float64Array>>
}

/** What makes an Adam direction of a gradient. */
export interface AdamState {
  readonly form: AdamForm
  /** null: zeros, before the first step */
  readonly moments: Moments | null
}

/** Rademacher entries ±1/√k, drawn from forks of `random` by blocks of columns, whenever they are needed. */
export interface Projection {
  readonly dimension: number
  readonly random: Random
  readonly layers: 'all' | 'last' | 'last-weight'
  readonly adam?: AdamState
}

/** What some weights say about rows of inputs. */
export interface Reader extends Gradients<Rows> {
  readonly capabilities: ReadonlySet<Capability>
  readonly classes: number
  /** weight and bias of every layer in order, named as in torch's `nn.Sequential` */
  readonly parameters: readonly ParameterSpec[]
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
}

/** What is kept of an epoch of the fit. */
export interface Checkpoint {
  readonly weights: readonly FloatArray[]
  /** null when the optimiser has none (SGD) */
  readonly moments: Moments | null
  /** mean over the epoch's steps */
  readonly learningRate: number
}

/** A network bound to an executor. Matrices and numbers cross this line, never a device tensor. */
export interface Model extends Reader {
  /** parameters and buffers (running statistics), then those of the auxiliary module: what a snapshot holds, in order */
  readonly state: readonly ParameterSpec[]
  /**
   * Draws fresh weights; those of the auxiliary module from a fork, so that the network's are the same with and without it. With
   * `pretrained` the backbone's weights then take the place of those below the head.
   */
  initialize(random: Random, start?: 'fresh' | 'pretrained'): void
  fit(rows: Rows, labels: Int32Array, options: FitOptions, random: FitRandom, signal?: CancelSignal): AsyncGenerator<EpochStats, FitSummary>
  /** The last epochs of the last fit, oldest first. */
  checkpoints(): readonly Checkpoint[]
  /** Loss (n) that the auxiliary module predicts for rows, in inference mode; there with the capability `lossPrediction`. */
  predictedLosses?(rows: Rows, signal?: CancelSignal): Promise<Float64Array>
  /** n × T squared norms of the gradient of each predicted loss, in the order of `parameters`; 0 where it does not depend on one. */
  predictedLossNorms?(rows: Rows, signal?: CancelSignal): Promise<Matrix<Float64Array>>
  /** What the network says with other weights; its own stay as they are. */
  readerAt(weights: readonly FloatArray[]): Reader
  /** Copy of the weights and buffers, in the order of `state`. */
  snapshot(): Promise<FloatArray[]>
  restore(weights: readonly FloatArray[]): void
  dispose(): void
}

/** Layers of a sequential network; names and defaults follow `torch.nn`. Shapes are inferred from the input. */
export type LayerSpec = LayerKind & {
  /** whether an auxiliary module may read this layer's output; `tokens`: it holds its channels last */
  readonly tap?: boolean | 'tokens'
}

export type LayerKind =
  | { readonly type: 'dense'; readonly units: number; readonly bias?: boolean }
  | ({ readonly type: 'conv1d' } & Convolution)
  | ({ readonly type: 'conv2d' } & Convolution)
  | { readonly type: 'relu' }
  | { readonly type: 'tanh' }
  | { readonly type: 'gelu' }
  | ({ readonly type: 'maxpool1d' } & Pooling)
  | ({ readonly type: 'maxpool2d' } & Pooling)
  | ({ readonly type: 'avgpool1d' } & Pooling)
  | ({ readonly type: 'avgpool2d' } & Pooling)
  /** mean over everything but the channels */
  | { readonly type: 'globalavgpool' }
  | { readonly type: 'flatten' }
  /** vectors to series of one channel */
  | { readonly type: 'unflatten' }
  | { readonly type: 'dropout'; readonly rate: number }
  /** over the channels (first axis), with running statistics */
  | { readonly type: 'batchnorm' }
  /** over the last axis */
  | { readonly type: 'layernorm' }
  /** over `groups` groups of channels (first axis), every sample by itself */
  | { readonly type: 'groupnorm'; readonly groups: number; readonly eps?: number }
  /** the rows of a table for the token numbers (0 … rows − 1) that samples consist of: T to T × width; the first layer only */
  | { readonly type: 'embedding'; readonly rows: number; readonly width: number }
  /** what `layers` make of x, plus x, or plus what `shortcut` makes of it */
  | { readonly type: 'residual'; readonly layers: readonly LayerSpec[]; readonly shortcut?: readonly LayerSpec[] }
  /** images (c × h × w) to tokens (h·w × c) */
  | { readonly type: 'tokens' }
  /** adds a trained number to every column of every token */
  | { readonly type: 'position' }
  | { readonly type: 'attention'; readonly heads: number }
  | { readonly type: 'tokenmean' }

interface Pooling {
  readonly size: number
  readonly stride?: number
}

interface Convolution {
  readonly filters: number
  readonly kernel: number
  readonly stride?: number
  readonly padding?: number
  readonly bias?: boolean
}

export type WeightInit = 'he-uniform' | 'torch-default' | 'glorot-uniform'
