import { cellTitle, compatible, factorLevels, groupRuns, sameValue, type Factors } from '@engine/analysis'
import type { ResultSet } from '@engine/study/results'
import type { MetricId } from '@engine/study/spec'
import type { FigureChoices } from './figure'
import { seriesStyles, type SeriesStyle } from './palette'
import { remembered } from './remembered'

/** One facet: a data set and a factor cell. */
export interface Facet {
  readonly title: string
  readonly dataset: string
  readonly cell: Factors
}

/** The part of the results that a figure shows, and how it shows strategies. */
export interface Shown {
  /** runs of the chosen data set and levels; hidden strategies are still in, others may be compared with them */
  readonly results: ResultSet
  readonly metric: MetricId
  readonly baseline: string
  readonly styles: ReadonlyMap<string, SeriesStyle>
  readonly facets: readonly Facet[]
  /** with † after an oracle */
  readonly nameOf: (strategy: string) => string
  readonly visible: (strategy: string) => boolean
}

/** The same object for the same results and choices: a page draws anew at every move of the pointer. */
export const shownOf = remembered((all, choices: FigureChoices): Shown => {
  const { dataset, facet = {}, hidden = [], strategies = all.strategies.map((name) => ({ name, id: name })) } = choices
  const results = {
    ...all,
    runs: all.runs.filter((run) => run.dataset === (dataset ?? run.dataset) && compatible(facet, run.factors)),
  }
  const strangers = [...new Set(all.runs.map(({ strategy }) => strategy))].filter((name) => strategies.every((one) => one.name !== name))
  const oracles = new Set(all.oracles)
  return {
    results,
    metric: choices.metric ?? all.stats.metric,
    baseline: choices.baseline ?? all.stats.baseline,
    styles: seriesStyles([...strategies, ...strangers.map((name) => ({ name, id: name }))]),
    facets: facetsOf(results, choices.panels),
    nameOf: (strategy) => (oracles.has(strategy) ? `${strategy}†` : strategy),
    visible: (strategy) => !hidden.includes(strategy),
  }
})

/** Data sets times the fullest cells; runs that a factor cannot change belong to every facet that they are compatible with. */
function facetsOf(results: ResultSet, panels: FigureChoices['panels'] = true): Facet[] {
  const groups = groupRuns(results).filter(({ line }) => !line)
  const datasets = new Set(groups.map(({ dataset }) => dataset))
  const isWanted = (path: string): boolean => typeof panels === 'boolean' || panels.includes(path)
  const varying = results.factors.filter((path) => isWanted(path) && factorLevels(results, path).length > 1)
  const facets = new Map<string, Facet>()
  for (const { dataset, factors } of groups) {
    const cell = Object.fromEntries(varying.flatMap((path) => (isLevel(factors[path]) ? [[path, factors[path]]] : [])))
    const title = [datasets.size > 1 ? dataset : '', cellTitle(cell)].filter(Boolean).join(', ')
    facets.set(JSON.stringify([dataset, cell]), { title, dataset, cell })
  }
  const all = [...facets.values()]
  return all.filter(({ dataset, cell }) => !all.some((other) => other.dataset === dataset && isPart(cell, other.cell)))
}

const isLevel = (level: unknown): boolean => level !== null && level !== undefined

/** Whether every level of `cell` is one of a larger one. */
const isPart = (cell: Factors, larger: Factors): boolean =>
  Object.keys(larger).length > Object.keys(cell).length &&
  Object.entries(cell).every(([path, level]) => path in larger && sameValue(level, larger[path]))

export const inFacet = ({ dataset, cell }: Facet, of: { readonly dataset: string; readonly factors: Factors }): boolean =>
  of.dataset === dataset && compatible(cell, of.factors)

/** Results without the hidden strategies; the baseline stays, others are measured by it. */
export const visibleResults = ({ results, baseline, visible }: Shown): ResultSet => ({
  ...results,
  runs: results.runs.filter(({ strategy }) => strategy === baseline || visible(strategy)),
})

/** A name that may go on with levels, `acq (entropy)`, as its figure shows it. */
export function memberOf(shown: Shown, name: string): { readonly strategy: string; readonly name: string } {
  const strategy =
    shown.results.strategies.find((one) => one === name) ??
    shown.results.strategies.filter((one) => name.startsWith(`${one} (`)).sort((a, b) => b.length - a.length)[0] ??
    name
  return { strategy, name: shown.nameOf(strategy) + name.slice(strategy.length) }
}

/** Whether a shown name is that of a strategy, with † or levels after it or without. */
export const isNameOf = (name: string, strategy: string | null | undefined): boolean =>
  strategy !== null && strategy !== undefined && (name === strategy || ['†', ' ('].some((rest) => name.startsWith(strategy + rest)))
