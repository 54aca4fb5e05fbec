import type { BackendId } from '../nn/executor'
import { planNetwork } from '../nn/network'
import { sizeOf } from '../graph/ir'
import { strategies } from '../strategies/registry'
import { knownLayers, type Trunks } from './backbones'
import { isLine } from './entries'
import { variantsOf, type Variant } from './expand'
import { isEvaluated } from './evaluated'
import { initialLabels, poolSize, type DatasetFacts } from './feasible'
import { fitLength } from './lint'
import { proxyCost, type ProxyCost } from './proxyEstimate'
import { chooserOf, type RunPlan } from './runHash'
import type { Study } from './spec'

/** Speed of a backend on one core. */
export interface Cost {
  /** multiply-adds per second */
  readonly rate: number
  /** seconds that an optimiser step costs whatever its size */
  readonly perStep: number
}

/** One thread of an ordinary laptop; hosts may measure their own. */
export const usualCosts: Readonly<Record<BackendId, Cost>> = {
  'onnx-native': { rate: 4e10, perStep: 1.4e-4 },
  'onnx-wasm': { rate: 1.4e10, perStep: 2e-4 },
  tfjs: { rate: 1e10, perStep: 2e-3 },
  reference: { rate: 1e9, perStep: 4e-5 },
}

/** How many times as long as its multiply-adds would take at the rate of dense products: measured steps on onnx-native, to about a third. */
const slowness: Readonly<Record<RunPlan['model']['type'], number>> = {
  linear: 1,
  mlp: 1,
  cnn: 2.2,
  cnn1d: 2.2,
  resnet: 2.6,
  vit: 4.2,
  finetune: 2.4,
}
/** What an auxiliary module adds to a step, in costs of an empty one. */
const moduleSteps = 2

export interface StudyEstimate {
  readonly runs: number
  readonly fits: number
  readonly estimatedSeconds: number
  /** of the result folder */
  readonly estimatedBytes: number
  /** of all jobs together */
  readonly estimatedMemoryBytes: number
}

/** Size, time and memory of a study; `facts` has one entry per data set. `done` counts the finished runs of a cell: they take no time. */
export function estimateStudy(
  study: Study,
  facts: readonly DatasetFacts[],
  options: {
    readonly backend: BackendId
    readonly jobs: number
    readonly cost?: Cost
    readonly trunks?: Trunks
    readonly done?: (strategy: string, factors: Variant['factors']) => number
  },
): StudyEstimate {
  const { backend, jobs, cost = usualCosts[backend], trunks = {}, done = () => 0 } = options
  const totals = { runs: 0, fits: 0, seconds: 0, bytes: 0, memory: 0 }
  for (const { plan, factors } of variantsOf(study)) {
    const left = 1 - done(plan.strategy.name, factors) / (study.protocol.seeds * facts.length)
    for (const dataset of facts) {
      const run = estimateRun(plan, dataset, cost, trunks)
      totals.runs += study.protocol.seeds
      totals.fits += study.protocol.seeds * run.fits
      totals.seconds += left * study.protocol.seeds * run.seconds
      totals.bytes += study.protocol.seeds * run.bytes
      totals.memory = Math.max(totals.memory, run.memory)
    }
  }
  const atOnce = Math.max(1, Math.min(jobs, totals.runs))
  return {
    runs: totals.runs,
    fits: totals.fits,
    estimatedSeconds: totals.seconds / atOnce,
    estimatedBytes: Math.round(totals.bytes),
    estimatedMemoryBytes: Math.round(totals.memory * atOnce),
  }
}

/** A process with its runtime and a native library. */
const jobBytes = 1.6e8

function estimateRun(
  plan: RunPlan,
  facts: DatasetFacts,
  cost: Cost,
  trunks: Trunks,
): { readonly fits: number; readonly seconds: number; readonly bytes: number; readonly memory: number } {
  const { strategy, shadow, protocol, training, model, keep } = plan
  const { operations, parameters, embedding } = sizeOfModel(plan, facts, trunks)
  const proxy = proxyCostOf(plan, facts, { operations, embedding })
  const pool = Math.max(1, poolSize(plan, facts) ?? facts.rows)
  const test = facts.testRows > 0 && plan.data.test === 'provided' ? facts.testRows : facts.rows - pool
  const start = isLine(strategy) ? pool : initialLabels(protocol)
  const passes = [strategy, ...shadow].map((entry) => poolPasses(entry)).reduce((a, b) => Math.max(a, b), 0)
  const chooser = chooserOf(strategy)
  const hasModule = strategies.get(chooser.id)?.training?.(chooser.params).auxiliary !== undefined
  const carries = training.weightStart === 'carry' || training.weightStart === 'shrink-perturb'
  let fits = 0
  let checks = 0
  let seconds = 0
  let bytes = 4000
  for (let round = 0; round <= strategy.rounds; round++) {
    const labeled = start + round * protocol.query
    const isLast = round === strategy.rounds
    const isFinal = isEvaluated(plan, round, labeled + protocol.validation)
    const fit = (length: typeof training, size: number): void => {
      const { epochs, steps } = fitLength(length, labeled)
      fits++
      seconds += steps * cost.perStep * (hasModule ? 1 + moduleSteps : 1) + (3 * epochs * labeled * size) / cost.rate
    }
    const isCheck = proxy?.isCheck(labeled) === true && !isLast
    if (isCheck) checks++
    const ownFits = (proxy === null || isFinal ? 1 : 0) + (isCheck ? 1 : 0)
    if (labeled > 0) {
      for (let i = 0; i < ownFits; i++) fit(training, operations)
      // The head alone, on features: next to nothing but its steps.
      if (model.type === 'finetune' && model.tuning === 'lp-ft')
        seconds += ownFits * fitLength({ ...training, epochs: model.headEpochs }, labeled).steps * cost.perStep
      if (proxy !== null && !isLast) fit(proxy.training, proxy.operations)
    }
    const scored = isLast ? 0 : Math.min(protocol.subPool ?? pool, pool) * passes
    seconds += ((isFinal ? test : 0) * operations + scored * (proxy ?? { operations }).operations) / cost.rate
    // one line of events, one of rounds.csv, and the batch in both places
    bytes += 3200 + (isLast ? 0 : protocol.query * 210)
    // scores and outlook of the candidates, and the outlook of what is labelled
    if (keep !== 'nothing') bytes += 20 * labeled + (passes > 0 && !isLast ? 36 * Math.min(protocol.subPool ?? pool, pool) : 0)
    if (keep === 'embeddings' && !isLast) bytes += 4 * pool * embedding
    if (keep === 'weights') bytes += 4 * parameters
  }
  if (proxy !== null) seconds += ((Number(proxy.makesFeatures) + Math.min(checks, proxy.updates)) * facts.rows * operations) / cost.rate
  if (carries) bytes += 4 * parameters
  const values = facts.shape.reduce((a, b) => a * b, 1)
  const arrays = facts.bytes ?? (facts.rows + facts.testRows) * values * (facts.kind === 'image' ? 1 : 4)
  const outputs = (pool * (passes > 0 ? 1 : 0) + test) * (16 * facts.classes + 4 * embedding)
  return { fits, seconds, bytes, memory: jobBytes + arrays + outputs + 16 * parameters }
}

/** Forward passes over the pool that a method asks for; a backward pass counts twice. */
function poolPasses({ id, params }: Pick<Study['strategies'][number], 'id' | 'params'>): number {
  const strategy = strategies.get(id)
  const needs = strategy?.needs(params) ?? []
  const models = Math.max(1, strategy?.training?.(params).checkpoints ?? 1)
  if (needs.includes('tensorNorms') || needs.includes('gradients')) return 4 * models
  if (needs.includes('sampledProba')) return typeof params.passes === 'number' ? params.passes : 10
  return needs.length > 0 ? models : 0
}

function proxyCostOf(plan: RunPlan, facts: DatasetFacts, target: { operations: number; embedding: number }): ProxyCost | null {
  try {
    return proxyCost(plan, facts, target)
  } catch {
    return null // a proxy that does not fit is refused
  }
}

/** Multiply-adds that take as long as one forward pass, parameters, and width of the last layer's input; nothing for a model that is unknown or does not fit. */
function sizeOfModel(
  { model }: RunPlan,
  { shape, classes }: DatasetFacts,
  trunks: Trunks,
): { readonly operations: number; readonly parameters: number; readonly embedding: number } {
  try {
    const layers = knownLayers(model, { shape, classes }, trunks)
    if (layers === null) return noSize
    const network = planNetwork(layers, shape, classes)
    return {
      operations: slowness[model.type] * network.layers.reduce((sum, { operations }) => sum + operations, 0),
      parameters: network.state.reduce((sum, parameter) => sum + sizeOf(parameter.shape), 0),
      embedding: network.embeddingSize,
    }
  } catch {
    return noSize
  }
}

const noSize = { operations: 0, parameters: 0, embedding: 0 }
