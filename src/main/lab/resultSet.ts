import { commonClassNames, resultSetFrom } from '@engine/analysis/resultSet'
import { isLine } from '@engine/study/entries'
import type { RunState } from '@engine/study/events'
import { modelFreeNames, oracleNames } from '@engine/study/expand'
import { isSplitAnew } from '@engine/study/feasible'
import type { ResultSet } from '@engine/study/results'
import type { Manifest } from './experiment'

/** What analysis and tables read, from a manifest and the states of its runs. */
export function resultsOf({ manifest, state }: { readonly manifest: Manifest; state(hash: string): RunState }): ResultSet {
  const { study, studyName, datasets, runs } = manifest
  return resultSetFrom({
    study: studyName,
    strategies: study.strategies.map(({ name }) => name),
    lines: study.strategies.filter(isLine).map(({ name }) => name),
    oracles: oracleNames(study),
    modelFree: modelFreeNames(study),
    factors: Object.keys(study.ablate),
    stats: study.stats,
    splitVaries: datasets.some((dataset) => isSplitAnew(study, dataset)),
    classes: Math.max(...datasets.map(({ classes }) => classes)),
    classNames: commonClassNames(datasets),
    runs: runs.map((run) => ({ ...run, state: state(run.hash) })),
  })
}
