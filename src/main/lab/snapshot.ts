import type { ExperimentSnapshot, ExperimentSummary } from '@contract/types'
import type { RunState } from '@engine/study/events'
import { modelFreeNames, oracleNames } from '@engine/study/expand'
import { isSplitAnew } from '@engine/study/feasible'
import type { ResultView } from './dependencies'
import type { ExperimentRecord } from './workspacePort'

/** The whole of an experiment for a client that opens it. A run that was cancelled before it began left nothing on disk. */
export function snapshotOf(summary: ExperimentSummary, view: ResultView, batch: number): ExperimentSnapshot {
  const { manifest, plan } = view
  const study = manifest.study
  const oracles = oracleNames(study)
  const modelFree = modelFreeNames(study)
  const stateOf = (hash: string): RunState => {
    const state = view.state(hash)
    return summary.state === 'cancelled' && state.status === 'queued' ? { ...state, status: 'cancelled' } : state
  }
  return {
    summary,
    study: manifest.studyName,
    studyYaml: view.studyText,
    strategies: study.strategies.map(({ name, id }) => ({
      name,
      id,
      ...(oracles.includes(name) && { oracle: true as const }),
      ...(modelFree.includes(name) && { modelFree: true as const }),
    })),
    datasets: manifest.datasets.map(({ name, rows, testRows, classes, classNames }) => ({ name, rows, testRows, classes, classNames })),
    factors: Object.keys(study.ablate),
    metrics: study.metrics,
    stats: study.stats,
    splitVaries: manifest.datasets.some((dataset) => isSplitAnew(study, dataset)),
    backend: { id: manifest.backend, device: manifest.device },
    runs: plan.map(({ hash, spec, factors }) => ({
      hash,
      strategy: spec.strategy.name,
      strategyId: spec.strategy.id,
      dataset: spec.datasetName,
      seed: spec.repeat,
      factors,
      state: stateOf(hash),
    })),
    batch,
  }
}

/** Mean accuracy by round of the strategy that ends highest, for lists. */
export function sparklineOf(view: ResultView): number[] {
  const byStrategy = new Map<string, number[][]>()
  for (const { hash, spec } of view.plan) {
    const values = view.state(hash).records.map(({ metrics }) => metrics.accuracy ?? 0)
    if (values.length > 1) byStrategy.set(spec.strategy.name, [...(byStrategy.get(spec.strategy.name) ?? []), values])
  }
  const means = [...byStrategy.values()].map((curves) => {
    const rounds = Math.min(...curves.map(({ length }) => length))
    return Array.from({ length: rounds }, (_, round) => curves.reduce((sum, curve) => sum + curve[round], 0) / curves.length)
  })
  return means.reduce<number[]>((best, mean) => ((mean.at(-1) ?? 0) > (best.at(-1) ?? -1) ? mean : best), [])
}

/** How far a result folder is, for lists. */
export const extentOf = (view: ResultView): Pick<ExperimentRecord, 'runs' | 'finished' | 'failed' | 'sparkline'> => ({
  runs: view.plan.length,
  finished: view.plan.filter(({ hash }) => view.state(hash).status === 'finished').length,
  failed: view.plan.filter(({ hash }) => view.state(hash).status === 'failed').length,
  sparkline: sparklineOf(view),
})

/** State of an experiment that nobody runs. */
export const stateOfExtent = ({ runs, finished }: Pick<ExperimentRecord, 'runs' | 'finished'>): ExperimentRecord['state'] =>
  finished === runs ? 'finished' : 'interrupted'
