import { badInput } from '../core/errors'
import { canonicalJson } from '../core/hash'
import type { BackendId } from '../nn/executor'
import { datasetName } from './consistency'
import { strategies } from '../strategies/registry'
import { isLine } from './entries'
import { cellsOf } from './factors'
import { chooserOf, relevantParts, runHash, type RunPlan } from './runHash'
import {
  cellOfLevel,
  semanticsVersion,
  type BackboneRef,
  type DatasetRef,
  type FactorValue,
  type PlannedRun,
  type RunSpec,
  type Study,
} from './spec'

/** What a host knows before a grid can be hashed. */
export interface Resolved {
  readonly backend: BackendId
  readonly precision: RunSpec['precision']
  /** the study's data sets, in its order */
  readonly datasets: readonly { readonly ref: DatasetRef; readonly name: string; readonly sha256: string }[]
  /** SHA-256 (hex) of each of `studyFiles` by path as written, and of `studyFeatures` by `featureFile` */
  readonly files?: Readonly<Record<string, string>>
  /** what identifies each backbone (see `RunSpec.backboneSha256`), by `backboneKey` */
  readonly backbones?: Readonly<Record<string, string>>
}

/** One strategy in one cell of the grid; `factors` is null where a factor cannot change it. */
export interface Variant {
  readonly plan: RunPlan
  readonly factors: Readonly<Record<string, FactorValue>>
}

/**
 * The full factorial of a study, each strategy's share of it once: combinations that come to the same run are one variant, and a
 * factor all of whose levels lead there has a null cell. Cells in order of the levels, strategies in order of the study.
 */
export function variantsOf(study: Study): Variant[] {
  const byStrategy = study.strategies.map(() => new Map<string, { plan: RunPlan; levels: Readonly<Record<string, FactorValue>>[] }>())
  const order: { readonly plan: RunPlan; readonly levels: Readonly<Record<string, FactorValue>>[] }[] = []
  for (const cell of cellsOf(study)) {
    cell.study.strategies.forEach((_, i) => {
      const plan = planOf(cell.study, i)
      const key = canonicalJson(relevantParts(plan))
      const known = byStrategy[i].get(key)
      if (known !== undefined) return void known.levels.push(cell.levels)
      const variant = { plan, levels: [cell.levels] }
      byStrategy[i].set(key, variant)
      order.push(variant)
    })
  }
  const paths = Object.keys(study.ablate)
  return order.map(({ plan, levels }) => ({
    plan,
    factors: Object.fromEntries(
      paths.map((path) => {
        const all = study.ablate[path].length
        const distinct = new Set(levels.map((cell) => canonicalJson(cell[path]))).size
        return [path, all > 1 && distinct === all ? null : cellOfLevel(levels[0][path])]
      }),
    ),
  }))
}

function planOf({ data, model, training, protocol, strategies, shadow, metrics, run }: Study, index: number): RunPlan {
  const entry = strategies[index]
  const { seeds: _seeds, ...shared } = protocol
  const line = isLine(entry)
  const rounds = line ? 0 : (entry.rounds ?? protocol.rounds)
  return { data, model, training, protocol: shared, strategy: { ...entry, rounds }, shadow: line ? [] : shadow, metrics, keep: run.keep }
}

/** Names of strategies that look at the true labels of the pool at any level of a factor: bounds, not rivals. */
export function oracleNames(study: Study): string[] {
  const oracles = variantsOf(study).filter(({ plan: { strategy } }) =>
    strategies.get(strategy.id)?.reads?.(strategy.params).includes('oracle'),
  )
  const names = new Set(oracles.map(({ plan }) => plan.strategy.name))
  return study.strategies.map(({ name }) => name).filter((name) => names.has(name))
}

/** Names of strategies that ask no trained model. */
export const modelFreeNames = (study: Study): string[] =>
  study.strategies.filter(({ id }) => strategies.get(id)?.modelFree).map(({ name }) => name)

/** Every run of a study, repeat by repeat, so that all curves grow together. */
export function expandStudy(study: Study, resolved: Resolved): PlannedRun[] {
  const variants = variantsOf(study)
  if (resolved.datasets.length !== study.datasets.length) {
    throw badInput(`the study names ${study.datasets.length} data sets, ${resolved.datasets.length} were given`, { path: 'dataset' })
  }
  return resolved.datasets.flatMap(({ ref, name, sha256 }) =>
    Array.from({ length: study.protocol.seeds }, (_, repeat) =>
      variants.map(({ plan, factors }): PlannedRun => {
        const spec: RunSpec = {
          study: study.study,
          dataset: ref,
          datasetName: name,
          datasetSha256: sha256,
          ...plan,
          repeat,
          backend: resolved.backend,
          precision: resolved.precision,
          files: Object.fromEntries(
            [
              ...filesOf(plan).map((path) => [path, resolved.files?.[path]]),
              ...(plan.data.features ? [[plan.data.features, resolved.files?.[featureFile(plan.data.features, name)]]] : []),
            ].filter(([, content]) => content !== undefined),
          ) as RunSpec['files'],
          ...backboneOf(plan, resolved),
          semanticsVersion,
        }
        return { hash: runHash(spec), spec, factors }
      }),
    ).flat(),
  )
}

function backboneOf({ model }: RunPlan, { backbones = {} }: Resolved): Pick<RunSpec, 'backboneSha256'> {
  const sha256 = model.type === 'finetune' ? backbones[backboneKey(model.backbone)] : undefined
  return sha256 === undefined ? {} : { backboneSha256: sha256 }
}

/** Text that stands for a backbone in lists: as the study writes it. */
export const backboneKey = (ref: BackboneRef): string => (typeof ref === 'string' ? ref : canonicalJson(ref))

/** Paths of the files a run reads besides its data set, as the study writes them. */
export function filesOf({ data, protocol, strategy }: Pick<RunPlan, 'data' | 'protocol' | 'strategy'>): string[] {
  const paths = [
    data.split,
    protocol.dataStart === 'seeded' && protocol.initialSampling === 'file' ? protocol.initialRows : null,
    chooserOf(strategy).params.selections,
  ]
  return [...new Set(paths.filter((path) => typeof path === 'string'))]
}

/** Paths of all files that the runs of a study read besides its data sets. */
export const studyFiles = (study: Study): string[] => [...new Set(variantsOf(study).flatMap(({ plan }) => filesOf(plan)))]

/** Whether `data.features` names a file, and not what is stored under a name for each data set. */
export const isFeatureFile = (features: string): boolean => /[/\\#]|\.[a-z]+$/i.test(features)

/** How a study's files list the features of a data set. */
export const featureFile = (features: string, datasetName: string): string =>
  isFeatureFile(features) ? features : `${features} of ${datasetName}`

/** What `data.features` says in the runs of a study. */
export const studyFeatures = (study: Study): string[] => [
  ...new Set(variantsOf(study).flatMap(({ plan }) => (plan.data.features ? [plan.data.features] : []))),
]

/** The names of a study's data sets in CSVs, in its order. */
export const datasetNames = (study: Study): string[] => study.datasets.map(datasetName)

/** Every n-th run from the i-th on, i = 1 … n: the share of machine i of n. */
export function shardOf<T>(runs: readonly T[], i: number, n: number): T[] {
  if (!Number.isInteger(i) || !Number.isInteger(n) || i < 1 || i > n) {
    throw badInput(`shard ${i}/${n} does not exist`, { path: '--shard', found: `${i}/${n}`, expected: 'i/n with 1 ≤ i ≤ n' })
  }
  return runs.filter((_, k) => k % n === i - 1)
}
