import type { z } from 'zod'
import type { SelectionKernels } from '../core/distances'
import type { CancelSignal } from '../core/errors'
import type { FloatArray, Matrix } from '../core/matrix'
import type { Random } from '../core/random'
import type { LogMeVariant } from '../metrics/logme'
import type { AuxiliarySpec, Capability, Checkpoint, FitOptions, Gradients, TensorNorms } from '../nn/model'
import type { NetworkSpec } from '../study/spec'

export type { SelectionKernels }

export interface Citation {
  readonly authors: string
  readonly title: string
  readonly venue: string
  readonly year: number
  readonly url?: string
}

/**
 * What the current model says about rows, computed on first use and shared by every strategy of the round.
 * Array arguments are global row numbers; results follow their order.
 */
export interface ModelView extends Gradients<Int32Array> {
  readonly capabilities: ReadonlySet<Capability>
  /** n × C log-probabilities. */
  logProbabilities(rows: Int32Array): Promise<Matrix>
  probabilities(rows: Int32Array): Promise<Matrix>
  /** n × d input of the last layer. */
  embeddings(rows: Int32Array): Promise<Matrix>
  tensorNorms(rows: Int32Array): Promise<TensorNorms>
  lastLayer(): Promise<{ readonly weight: Matrix; readonly bias: FloatArray }>
  /**
   * Probabilities of `passes` stochastic forward passes (dropout on), one n × C matrix per pass; there when the capabilities name
   * `sampledProba`. A row's passes are the same for all methods of a round, and whatever else is asked.
   */
  sampledProbabilities?(rows: Int32Array, passes: number): Promise<readonly Matrix[]>
  /** Loss (n) that the auxiliary module predicts; there when the capabilities name `lossPrediction`. */
  predictedLosses?(rows: Int32Array): Promise<Float64Array>
  /** n × T squared norms of the gradient of each predicted loss with respect to the network's parameters. */
  predictedLossNorms?(rows: Int32Array): Promise<Matrix<Float64Array>>
  /**
   * The last epochs of the fit that led to this model, oldest first, as many as methods asked for (`TrainingExtras.checkpoints`);
   * none when nothing was trained.
   */
  checkpoints?(): readonly CheckpointView[]
}

/** The model as it was after an epoch, with the state of its optimiser. */
export interface CheckpointView extends Omit<Checkpoint, 'weights'> {
  readonly model: ModelView
}

/** What a method keeps from one query of its run to the next. */
export type Memory = Readonly<Record<string, Float64Array>>

/** What a method adds to the training of the run that it leads. */
export interface TrainingExtras {
  /** how many of the last epochs to keep; shadows may ask for them too, since training stays the same */
  readonly checkpoints?: number
  /** trains on the reserved validation rows as well; they are charged in any case */
  readonly withValidation?: boolean
  /** a module that predicts losses, trained along with the network */
  readonly auxiliary?: AuxiliarySpec
}

/** What a method reads beyond the labelled rows: labelled validation rows, Adam's moments, or true labels of the pool (never fair). */
export type Reading = 'validation' | 'moments' | 'oracle'

/** What an external command is told; row i of a matrix is row i of the list it belongs to. No label of a pool row is in it. */
export interface ExternalRequest {
  readonly command: readonly string[]
  /** seconds */
  readonly timeLimit: number
  readonly pool: Int32Array
  readonly features: Matrix
  readonly probabilities: Matrix
  readonly labeled: Int32Array
  readonly labels: Int32Array
  readonly labeledFeatures: Matrix
  readonly labeledProbabilities: Matrix
  readonly k: number
  readonly round: number
  readonly classes: number
}

/** Starts the command and waits for its answer; stops it when the run is cancelled. Rejects with what went wrong. */
export type ExternalCommand = (request: ExternalRequest) => Promise<readonly number[]>

/** The state a strategy chooses from. Labels of pool rows are not in it. */
export interface Query {
  /** candidates: global row numbers, ascending */
  readonly pool: Int32Array
  readonly labeled: Int32Array
  /** class of each labelled row */
  readonly labels: Int32Array
  /** rows wanted; the strategy returns min(k, pool.length) */
  readonly k: number
  readonly classes: number
  /** 0 for the query that follows the evaluation of round 0 */
  readonly round: number
  readonly rounds: number
  readonly model: ModelView
  /** n × d standardised inputs (or stored features) of rows: the fixed space, never model features. */
  features(rows: Int32Array): Matrix
  /** the reserved rows with their labels, charged to every strategy alike; none when the study reserves none */
  readonly validation: { readonly rows: Int32Array; readonly labels: Int32Array }
  /** the true class of every pool row; only there for a method that declares itself an oracle */
  readonly oracle?: Int32Array
  /** what this method returned as `memory` at its last query of the run; empty before */
  readonly memory: Memory
  /** `replay` only: the rows that the host read from the `selections` file for this repeat, one list per query round */
  readonly recorded?: readonly ArrayLike<number>[]
  /** starts the commands of `external`; absent where no command may be started */
  readonly external?: ExternalCommand
  /** `typiclust` on arrays only: a clustering that was made elsewhere, one number per global row */
  readonly clusters?: Int32Array
  /** the selection stream of this strategy and round */
  readonly random: Random
  /** Exact inner-loop kernels; a host may supply faster ones with equal results. */
  readonly kernels: SelectionKernels
  readonly signal?: CancelSignal
  /** Charges the time of `work` to a phase of the ledger; time spent in `model` is charged to `forward` by the view. */
  time<T>(phase: 'score' | 'choose', work: () => T): T
}

export interface Acquisition {
  /** global row numbers, in pick order */
  readonly rows: Int32Array
  /** one score per candidate of `pool`, higher = query first; absent when the method has none */
  readonly scores?: Float64Array
  /** the phase a schedule was in */
  readonly mode?: string
  /** long-format extras for diagnostics.csv */
  readonly diagnostics?: Readonly<Record<string, number>>
  /** handed back at the method's next query of the run, also after a resume */
  readonly memory?: Memory
}

/** How a run chooses by a network that costs less than its model (A§12). */
export interface ProxyPlan {
  /** the method that is asked, with the proxy as its model */
  readonly base: { readonly id: string; readonly params: Readonly<Record<string, unknown>> }
  /**
   * `features`: dense – BatchNorm – ReLU – dense on features that are made once, `hidden` units wide (null: as wide as the features);
   * `inputs`: another network on the inputs, null for the study's own.
   */
  readonly network:
    { readonly on: 'features'; readonly hidden: number | null } | { readonly on: 'inputs'; readonly model: NetworkSpec | null }
  /** what differs from the study's training */
  readonly training: Partial<Omit<FitOptions, 'checkpoints' | 'tuning'>>
  /** renews the features once fine-tuned ones fit the labels better; absent: they stay as they are */
  readonly alignment?: FeatureAlignment
}

export interface FeatureAlignment {
  /** lead of fine-tuned features from which on they take over; ∞ never, −∞ at the first check */
  readonly tau: number
  /** at doublings of the labels since the start or the last check, after every round, or at numbers of labels */
  readonly checks: 'doublings' | 'every' | readonly number[]
  /** most times that features are renewed */
  readonly updates: number
  /** labelled rows that features are compared on */
  readonly scoreOn: 'prequential' | 'heldout' | 'train'
  readonly score: 'logme-ped' | 'logme'
  readonly variant: LogMeVariant
  /** how a backbone is fine-tuned */
  readonly method: 'ft' | 'lp-ft' | 'switch'
  readonly switchBy: 'score' | 'region'
}

export interface Strategy<P = unknown> {
  readonly id: string
  readonly title: string
  /** one sentence for lists and legends */
  readonly summary: string
  readonly sources: readonly Citation[]
  /** validates and documents the parameters; draws the form, gives grid axes and the published JSON Schema */
  readonly params: z.ZodType<P>
  /** what the model must offer, given the parameters; asked before the run */
  needs(params: P): readonly Capability[]
  /** The parameters that can change the result: equal answers mean equal runs, so the grid computes them once. Absent: all. */
  effective?(params: P): Readonly<Record<string, unknown>>
  /** what the method adds to training; absent: nothing */
  training?(params: P): TrainingExtras
  /** what the method reads beyond the labelled rows; absent: nothing. Asked before the run */
  reads?(params: P): readonly Reading[]
  /** classes that the parameters name; absent: none. Asked before the run */
  targetClasses?(params: P): readonly number[]
  /** whether the method returns a `memory`; absent: no */
  remembers?(params: P): boolean
  /** A method made of others: the names of those others' parameters, which its entry may give too. */
  inner?(given: Readonly<Record<string, unknown>>): readonly string[]
  /** how a run that this method leads chooses by a proxy; absent: by the model of the study */
  proxy?(params: P): ProxyPlan
  /** not a query method: the run trains once on the whole pool and is drawn as a line */
  readonly line?: true
  /** is shown every row that is left, whatever `protocol.subPool` says: the choice was made elsewhere */
  readonly wholePool?: true
  /** can choose without any trained model (empty start scored by features or chance) */
  readonly modelFree: boolean
  select(query: Query, params: P): Promise<Acquisition>
}

/** What a score reads: candidates and the model, with a ledger for the time it takes. */
export type ScoreSource = Pick<Query, 'model' | 'time'> & { readonly rows: Int32Array }

/** One number per candidate; the part of a method that `acquisition` combines with a way to fill the batch. */
export interface ScoreFunction<P = unknown> {
  readonly id: string
  readonly title: string
  readonly params: z.ZodType<P>
  needs(params: P): readonly Capability[]
  effective?(params: P): Readonly<Record<string, unknown>>
  /** the smallest value the score can take; `acquisition` measures lengths from here */
  readonly floor: number
  /** One score per row, higher = query first. */
  score(source: ScoreSource, params: P): Promise<Float64Array>
  /** Output errors (n × C) whose outer product with the embedding is the method's gradient; absent: the embedding alone has a direction. */
  outputErrors?(source: ScoreSource): Promise<Matrix<Float64Array>>
}
