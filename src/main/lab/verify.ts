import { badInput, QuerentError } from '@engine/core/errors'
import { semanticsVersion, type PlannedRun } from '@engine/study/spec'
import { firstDifference, type TableDifference, type Tables } from './compareTables'
import type { ResultView } from './dependencies'
import type { Experiment, Manifest } from './experiment'
import { resultsOf } from './resultSet'
import { resolveStudy, startPrepared, type ExperimentDependencies, type PreparedExperiment } from './runExperiment'

export interface Verification {
  readonly identical: boolean
  /** runs that were computed again */
  readonly runs: number
  readonly firstDifference: TableDifference | null
}

/** Prepares to compute a folder's finished runs again, or `sample` of them spread over the grid, on the manifest's backend. */
export async function prepareVerification(
  view: ResultView,
  dir: string,
  sample: number | undefined,
  deps: ExperimentDependencies,
): Promise<PreparedExperiment> {
  const { manifest } = view
  const file = `${dir}/manifest.json`
  if (manifest.semanticsVersion !== semanticsVersion)
    throw new QuerentError('unsupported', 'another version of the program computed these results, with other numbers for the same study', {
      file,
      path: 'semanticsVersion',
      found: String(manifest.semanticsVersion),
      expected: String(semanticsVersion),
    })
  const prepared = await resolveStudy(manifest.study, manifest.backend, deps.files.resolve(dir, manifest.base), deps)
  const inputs = (source: Pick<Manifest, 'datasets' | 'files'>): [string, string][] => [
    ...source.datasets.map(({ name, sha256 }): [string, string] => [`data set ${name}`, sha256]),
    ...Object.entries(source.files),
  ]
  const recorded = new Map(inputs(manifest))
  for (const [what, sha256] of inputs(prepared))
    if (recorded.get(what) !== sha256)
      throw badInput(`${what} is not what the results were computed on`, {
        file,
        found: `SHA-256 ${sha256}`,
        expected: `SHA-256 ${recorded.get(what)}`,
      })
  const finished = view.plan.filter(({ hash }) => view.state(hash).status === 'finished')
  if (finished.length === 0) throw badInput('no run is finished here, so there is nothing to verify', { file })
  const known = new Set(prepared.plan.map(({ hash }) => hash))
  const stranger = finished.find(({ hash }) => !known.has(hash))
  if (stranger !== undefined)
    throw new QuerentError('different', 'the manifest lists a run that its study does not have', {
      file,
      path: 'runs',
      found: stranger.hash,
    })
  return { ...prepared, plan: spread(finished, sample) }
}

function spread(runs: readonly PlannedRun[], sample: number | undefined): readonly PlannedRun[] {
  if (sample === undefined || sample >= runs.length) return runs
  return Array.from({ length: sample }, (_, i) => runs[Math.floor(((i + 0.5) * runs.length) / sample)])
}

export const startVerification = (
  prepared: PreparedExperiment,
  outDir: string,
  jobs: number | undefined,
  deps: ExperimentDependencies,
): Promise<Experiment> => startPrepared(prepared, { studyText: '', outDir, jobs, command: 'verify' }, deps)

/** Compares what was computed again with the folder's run files and its CSVs. */
export function compareResults(
  view: ResultView,
  fresh: Experiment,
  csvs: Tables,
  deps: Pick<ExperimentDependencies, 'tables'>,
): Verification {
  const { manifest } = view
  const repeated = new Set(fresh.plan.map(({ hash }) => hash))
  const whole = manifest.runs.every(({ hash }) => repeated.has(hash))
  const tables = deps.tables(resultsOf({ manifest: only(manifest, repeated), state: fresh.state }))
  const stored = deps.tables(resultsOf({ manifest: only(manifest, repeated), state: (hash) => view.state(hash) }))
  const inRuns = firstDifference(tables, stored, repeated)
  // The rows of runs that were not computed again, and tables over all runs, still have to say what the run files do.
  const isFinished = manifest.runs.every(({ hash }) => view.state(hash).status === 'finished')
  const recorded = whole || !isFinished ? {} : deps.tables(resultsOf({ manifest, state: (hash) => view.state(hash) }))
  const difference =
    firstDifference(tables, csvs, whole ? undefined : repeated) ??
    (inRuns && { ...inRuns, file: `runs/${inRuns.run}/events.jsonl` }) ??
    firstDifference(recorded, csvs)
  return { identical: difference === null, runs: fresh.plan.length, firstDifference: difference }
}

const only = (manifest: Manifest, hashes: ReadonlySet<string>): Manifest => ({
  ...manifest,
  runs: manifest.runs.filter(({ hash }) => hashes.has(hash)),
})
