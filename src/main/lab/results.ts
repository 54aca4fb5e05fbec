import type { RunState } from '@engine/study/events'
import { expandStudy } from '@engine/study/expand'
import { initialRunState, reduceRun } from '@engine/study/reduceRun'
import type { PlannedRun } from '@engine/study/spec'
import type { ResultView } from './dependencies'
import type { ResultStore, StoredRun } from './ports'

/** The state that a run's stored events add up to; one that was cut off may go on. */
export function stateOf({ events, finished }: StoredRun): RunState {
  const state = events.reduce(reduceRun, initialRunState)
  return state.status === 'running' && !finished ? { ...state, status: 'queued' } : state
}

/** Opens a result folder for reading: exports, replay, `verify` and `merge`. Throws `not-found` or `bad-input`. */
export async function openResults(store: ResultStore, dir: string): Promise<ResultView> {
  const { manifest, studyText, readRun, readSpec } = await store.view(dir)
  const { study, datasets, files, backend, precision } = manifest
  const specs = new Map(expandStudy(study, { backend, precision, datasets, files }).map((run) => [run.hash, run.spec]))
  const states = new Map<string, RunState>()
  const plan: PlannedRun[] = []
  for (const { hash, strategy, dataset, seed, factors } of manifest.runs) {
    if (!states.has(hash)) states.set(hash, stateOf(await readRun(hash)))
    const spec = specs.get(hash) ?? (await readSpec(hash)) // an older program hashed it otherwise
    // One folder may serve a run under two names; the manifest has the name of this place in the grid.
    plan.push({ hash, spec: { ...spec, datasetName: dataset, repeat: seed, strategy: { ...spec.strategy, name: strategy } }, factors })
  }
  return { manifest, plan, studyText, state: (hash) => states.get(hash) ?? initialRunState }
}
