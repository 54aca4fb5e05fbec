import { badInput, QuerentError } from '@engine/core/errors'
import { canonicalJson } from '@engine/core/hash'
import type { RunState } from '@engine/study/events'
import { expandStudy } from '@engine/study/expand'
import { initialRunState } from '@engine/study/reduceRun'
import type { Study } from '@engine/study/spec'
import { firstDifference } from './compareTables'
import type { ResultView } from './dependencies'
import type { Manifest } from './experiment'
import type { ResultFolder } from './ports'
import { experimentResultHash, runResultHash } from './resultHash'
import { resultsOf } from './resultSet'
import type { ExperimentDependencies } from './runExperiment'
import { differenceOf } from './sameStudy'

export interface Part {
  readonly dir: string
  readonly view: ResultView
}

export interface Merged {
  readonly manifest: Manifest
  /** folder that each run comes from, the one that got furthest */
  readonly sources: ReadonlyMap<string, Part>
  readonly finished: number
}

/** What the folders say together. Throws `bad-input` when they are not one study and `different` when they contradict each other. */
export function mergeParts(
  parts: readonly Part[],
  outDir: string,
  command: string,
  deps: Pick<ExperimentDependencies, 'files' | 'tables' | 'version'>,
): Merged {
  const [first, ...others] = parts
  for (const other of others) refuseStrangers(first, other)
  const study = joinStudies(parts)
  const datasets = joinByName(parts.flatMap(({ view }) => view.manifest.datasets))
  const files = Object.assign({}, ...parts.map(({ view }) => view.manifest.files)) as Manifest['files']
  const { backend, precision, base } = first.view.manifest
  const plan = expandStudy(study, { backend, precision, datasets, files })
  const sources = sourcesOf(parts, deps)
  const known = new Set(plan.map(({ hash }) => hash))
  for (const { dir, view } of parts) {
    const stranger = view.plan.find(({ hash }) => !known.has(hash))
    if (stranger !== undefined)
      throw badInput(
        `the folders have different runs for ${stranger.spec.strategy.name}, seed ${stranger.spec.repeat}: their studies differ in what a run measures`,
        {
          file: dir,
          found: `run ${stranger.hash}`,
          expected: 'folders of one study',
        },
      )
  }
  const finished = plan.filter(({ hash }) => sources.get(hash)?.view.state(hash).status === 'finished').length
  const manifest: Manifest = {
    ...first.view.manifest,
    study,
    base: deps.files.relative(outDir, deps.files.resolve(first.dir, base)),
    datasets,
    files,
    version: deps.version,
    seeds: study.protocol.seeds,
    command,
    shard: null,
    runs: plan.map(({ hash, spec, factors }) => ({
      hash,
      strategy: spec.strategy.name,
      seed: spec.repeat,
      dataset: spec.datasetName,
      factors,
    })),
    resultHash: null,
  }
  const hashes = new Map([...sources].map(([hash, { view }]) => [hash, resultHashOf(view.state(hash))]))
  return { manifest: finished === plan.length ? { ...manifest, resultHash: experimentResultHash(hashes) } : manifest, sources, finished }
}

/** Writes a merged folder. */
export async function writeMerged(
  { manifest, sources }: Merged,
  studyText: string,
  folder: ResultFolder,
  deps: Pick<ExperimentDependencies, 'tables'>,
): Promise<void> {
  await folder.writeStudy(studyText)
  for (const [hash, { dir }] of sources) await folder.adoptRun(hash, dir)
  await folder.writeTables(deps.tables(resultsOf({ manifest, state: stateIn(sources) })))
  await folder.writeManifest(manifest)
}

const stateIn =
  (sources: Merged['sources']) =>
  (hash: string): RunState =>
    sources.get(hash)?.view.state(hash) ?? initialRunState

const resultHashOf = ({ initial, records }: RunState): string => runResultHash(initial, records)

function refuseStrangers(first: Part, other: Part): void {
  const [a, b] = [first.view.manifest, other.view.manifest]
  const difference = differenceOf(b, a)
  if (difference !== null)
    throw badInput(`these are results of different studies (${difference.path} differs)`, { file: other.dir, ...difference })
  for (const field of ['backend', 'precision', 'semanticsVersion'] as const)
    if (a[field] !== b[field])
      throw badInput(`results of one study must come from one ${field}: ${first.dir} and ${other.dir} differ`, {
        file: other.dir,
        path: field,
        found: String(b[field]),
        expected: String(a[field]),
      })
  const paths = (manifest: Manifest): string => Object.keys(manifest.study.ablate).sort().join(', ') || 'nothing'
  if (paths(a) !== paths(b))
    throw badInput('these studies vary different factors', { file: other.dir, path: 'ablate', found: paths(b), expected: paths(a) })
}

/** The study whose grid has the runs of all. */
function joinStudies(parts: readonly Part[]): Study {
  const studies = parts.map(({ view }) => view.manifest.study)
  const [first] = studies
  const strategies = joinByName(studies.flatMap((study) => study.strategies))
  for (const { dir, view } of parts)
    for (const entry of view.manifest.study.strategies) {
      const same = strategies.find(({ name }) => name === entry.name)
      if (canonicalJson(same) !== canonicalJson(entry))
        throw badInput(`the name "${entry.name}" stands for different strategies`, {
          file: dir,
          path: 'strategies',
          found: canonicalJson(entry),
          expected: canonicalJson(same),
        })
    }
  const levels = (path: string): Study['ablate'][string] => {
    const all = new Map(studies.flatMap((study) => study.ablate[path] ?? []).map((level) => [canonicalJson(level), level]))
    return [...all.values()]
  }
  return {
    ...first,
    datasets: [...new Map(studies.flatMap(({ datasets }) => datasets).map((ref) => [canonicalJson(ref), ref])).values()],
    strategies,
    ablate: Object.fromEntries(Object.keys(first.ablate).map((path) => [path, levels(path)])),
    protocol: { ...first.protocol, seeds: Math.max(...studies.map(({ protocol }) => protocol.seeds)) },
  }
}

const joinByName = <T extends { readonly name: string }>(items: readonly T[]): T[] => {
  const first = new Map<string, T>()
  for (const item of items) if (!first.has(item.name)) first.set(item.name, item)
  return [...first.values()]
}

/** Of each run the folder that got furthest; two finished ones must agree. */
function sourcesOf(parts: readonly Part[], deps: Pick<ExperimentDependencies, 'tables'>): Map<string, Part> {
  const sources = new Map<string, Part>()
  for (const part of parts)
    for (const { hash } of part.view.plan) {
      const state = part.view.state(hash)
      if (state.lastSeq < 0) continue
      const other = sources.get(hash)
      if (other === undefined) {
        sources.set(hash, part)
        continue
      }
      const known = other.view.state(hash)
      if (known.status === 'finished' && state.status === 'finished') refuseConflict(hash, other, part, deps)
      else if (state.status === 'finished' || (known.status !== 'finished' && state.records.length > known.records.length))
        sources.set(hash, part)
    }
  return sources
}

function refuseConflict(hash: string, a: Part, b: Part, deps: Pick<ExperimentDependencies, 'tables'>): void {
  if (resultHashOf(a.view.state(hash)) === resultHashOf(b.view.state(hash))) return
  const tables = ({ view }: Part): Readonly<Record<string, string>> =>
    deps.tables(
      resultsOf({
        manifest: { ...view.manifest, runs: view.manifest.runs.filter((run) => run.hash === hash) },
        state: (h) => view.state(h),
      }),
    )
  const at = firstDifference(tables(a), tables(b))
  const place = at === null ? 'its records' : [at.strategy, `seed ${at.seed}`, `round ${at.round}`, at.column].join(', ')
  throw new QuerentError('different', `${a.dir} and ${b.dir} have different results of one run: ${place}`, {
    file: `${b.dir}/runs/${hash}/events.jsonl`,
    path: at?.column,
    found: at?.found,
    expected: at?.expected,
  })
}
