import { cellTitle } from '@engine/analysis/factorWords'
import { badInput, QuerentError } from '@engine/core/errors'
import type { MapFrame, MapMethod } from '@engine/maps/layout'
import { seriesStyle } from '@figures/palette'
import { framesOf, type SelectionMap } from '@figures/selectionMap'
import type { ResultView } from './dependencies'
import type { Manifest } from './experiment'

/** Maps are of the data, not of a run: one seed for all, so that a set looks the same in every project. */
export const mapSeed = 0

/** Two names may share a run. */
export interface NamedRun {
  readonly run: string
  readonly strategy: string
}

type Choices = Pick<ResultView, 'plan' | 'state'> & { readonly manifest: Pick<Manifest, 'study'> }

/** What runs of one data set chose, on its finished map. */
export function selectionOf(view: Choices, runs: readonly NamedRun[], method: MapMethod, { rows, positions }: MapFrame): SelectionMap {
  const { study } = view.manifest
  const planned = runs.map(({ run, strategy }) => {
    const found = view.plan.find(({ hash, spec }) => hash === run && spec.strategy.name === strategy)
    if (!found) throw new QuerentError('not-found', 'there is no such run', { found: `${strategy} (${run})` })
    return found
  })
  const panels = planned.map(({ hash, spec, factors }) => {
    const { name, id } = spec.strategy
    const cell = cellTitle(factors)
    const { initial, records } = view.state(hash)
    return { name: cell ? `${name}, ${cell}` : name, style: seriesStyle(name, id, study.strategies), state: { initial, records } }
  })
  if (framesOf({ panels }) === 0) throw badInput('these runs have evaluated no round yet, so there is nothing to show')
  const { datasetName, repeat } = planned[0].spec
  return { method, dataset: datasetName, seed: repeat, rows, positions, metric: study.stats.metric, panels }
}
