import { resultSetFrom } from '@engine/analysis/resultSet'
import { isLine } from '@engine/study/entries'
import type { RunState } from '@engine/study/events'
import { heldOutCount } from '@engine/study/partition'
import type { ResultSet } from '@engine/study/results'
import type { Manifest } from './experiment'

/** What analysis and tables read, from a manifest and the states of its runs. */
export function resultsOf({ manifest, state }: { readonly manifest: Manifest; state(hash: string): RunState }): ResultSet {
  const { study, studyName, datasets, runs } = manifest
  return resultSetFrom({
    study: studyName,
    strategies: study.strategies.map(({ name }) => name),
    lines: study.strategies.filter(isLine).map(({ name }) => name),
    factors: Object.keys(study.ablate),
    stats: study.stats,
    splitVaries: splitVaries(manifest),
    classes: Math.max(...datasets.map(({ classes }) => classes)),
    runs: runs.map((run) => ({ ...run, state: state(run.hash) })),
  })
}

/** Whether seeds test on different rows: not with a split file, nor where every data set brings its test array. */
const splitVaries = ({ study: { data, protocol }, datasets }: Manifest): boolean =>
  protocol.vary.includes('split') &&
  data.split === null &&
  datasets.some(({ rows, testRows }) => heldOutCount(data.test, rows, testRows > 0) > 0)
