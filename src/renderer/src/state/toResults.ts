import { commonClassNames, resultSetFrom } from '@engine/analysis/resultSet'
import type { ResultSet } from '@engine/study/results'
import { initialRunState } from '@engine/study/reduceRun'
import type { LiveExperiment } from './experimentReducer'

/** The experiment as the analysis reads it, finished or not. */
export function toResults({ snapshot, runs }: LiveExperiment): ResultSet {
  return resultSetFrom({
    study: snapshot.study,
    strategies: snapshot.strategies.map(({ name }) => name),
    lines: snapshot.strategies.filter(({ id }) => id === 'full-data').map(({ name }) => name),
    oracles: snapshot.strategies.filter(({ oracle }) => oracle).map(({ name }) => name),
    modelFree: snapshot.strategies.filter(({ modelFree }) => modelFree).map(({ name }) => name),
    factors: snapshot.factors,
    stats: snapshot.stats,
    splitVaries: snapshot.splitVaries,
    classes: snapshot.datasets[0]?.classes ?? 0,
    classNames: commonClassNames(snapshot.datasets),
    runs: snapshot.runs.map((run) => ({ ...run, state: runs.get(run.hash) ?? initialRunState })),
  })
}
