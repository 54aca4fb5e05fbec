import type { ResultSet } from '../../study/results'
import { joinResults } from './joinResults'
import type { TidyRuns } from './readTidy'

/** A strategy of a study and its method. */
interface Named {
  readonly name: string
  readonly id: string
}

/** Results that were added to a comparison: of another experiment, or of a table. */
export interface Source {
  /** in URLs and requests: of an experiment, or `tablePrefix` and that of a table */
  readonly id: string
  readonly name: string
  readonly results: ResultSet | TidyRuns
  /** methods of its strategies, where they are known */
  readonly strategies: readonly Named[]
}

export const tablePrefix = 'table-'

/** A table of results as a source. */
export const tableSource = ({
  table,
  name,
  results,
}: {
  readonly table: string
  readonly name: string
  readonly results: TidyRuns
}): Source => ({
  id: tablePrefix + table,
  name: results.study || name,
  results,
  strategies: [],
})

export interface JoinedSources {
  readonly results: ResultSet
  /** of the added sources, under the names they have here */
  readonly strategies: readonly Named[]
  readonly notes: readonly string[]
}

/** What a strategy of an added source is called: its origin is always said. */
export const prefixed = (source: string, strategy: string): string => `${source}: ${strategy}`

/** Two sources of one name are told apart by a number. */
export function uniqueNames(names: readonly string[]): string[] {
  const counts = new Map<string, number>()
  return names.map((name) => {
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    return count === 1 ? name : `${name} ${count}`
  })
}

function withPrefix({ results }: Source, name: string): ResultSet | TidyRuns {
  const rename = (strategy: string): string => prefixed(name, strategy)
  const runs = results.runs.map((run) => ({ ...run, strategy: rename(run.strategy) }))
  if ('strategies' in results)
    return {
      ...results,
      runs,
      strategies: results.strategies.map(rename),
      lines: results.lines.map(rename),
      oracles: results.oracles?.map(rename),
    }
  const isLine = results.runs.some(({ strategy }) => strategy === 'full-data')
  const lines = { lines: isLine ? [rename('full-data')] : [] }
  return { ...results, runs, ...lines }
}

/** One result set of an experiment and what was added, paired by seed number; strategies of added sources have its name before theirs. */
export function joinSources(current: ResultSet, sources: readonly Source[]): JoinedSources {
  if (sources.length === 0) return { results: current, strategies: [], notes: [] }
  const names = uniqueNames(sources.map(({ name }) => name))
  const added = sources.map((source, i) => ({ name: names[i], results: withPrefix(source, names[i]) }))
  const { results, notes } = joinResults([{ name: current.study, results: current }, ...added])
  const oracles = [current, ...added.map((source) => source.results)].flatMap((one) => ('oracles' in one ? (one.oracles ?? []) : []))
  const datasets = new Set(current.runs.map(({ dataset }) => dataset))
  const apart = added.filter((source) => source.results.runs.every(({ dataset }) => !datasets.has(dataset)))
  const strangers = apart.map(
    ({ name, results: { runs } }) =>
      `${name} has no run on ${[...datasets].join(', ')}, only on ${[...new Set(runs.map((run) => run.dataset))].join(', ')}`,
  )
  return {
    results: {
      ...results,
      stats: current.stats,
      classes: current.classes,
      classNames: current.classNames,
      ...(oracles.length > 0 ? { oracles } : {}),
    },
    strategies: sources.flatMap((source, i) => {
      const idOf = new Map(source.strategies.map((one) => [one.name, one.id]))
      const all = [...new Set(source.results.runs.map(({ strategy }) => strategy))]
      return all.map((name) => ({ name: prefixed(names[i], name), id: idOf.get(name) ?? name }))
    }),
    notes: [...strangers, ...notes],
  }
}
