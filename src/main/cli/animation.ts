import { resolve } from 'node:path'
import type { AnimationFormat } from '@contract/types'
import { badInput, nearestName, QuerentError } from '@engine/core/errors'
import type { MapFrame, MapMethod } from '@engine/maps/layout'
import { isLine } from '@engine/study/entries'
import { animationFiles } from '../exporting/animation'
import type { Files } from '../exporting/paperFiles'
import { uniqueNames } from '../exporting/uniqueNames'
import type { ResultView } from '../lab/dependencies'
import { mapSeed, selectionOf, type NamedRun } from '../lab/selection'
import { createWorker } from '../node/jobs/worker'
import { resourcePath } from '../node/resources'
import { defaultWorkspace, libraryOf } from '../node/workspace/location'

export interface AnimationChoices {
  readonly formats: readonly AnimationFormat[]
  readonly map: MapMethod
  /** one or two; default: the first two that are not the baseline */
  readonly strategies?: readonly string[]
  readonly widthMm: number
}

const widthPx = 960
const roundMs = 800

/** The selection of one seed on the map of each data set of a result folder. */
export async function animations(view: ResultView, dir: string, choices: AnimationChoices, signal: AbortSignal): Promise<Files> {
  const { datasets, base } = view.manifest
  const worker = createWorker(libraryOf(defaultWorkspace()))
  const names = uniqueNames(
    datasets.map(({ name }) => name),
    (name) => name.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-'),
    (name, n) => `${name}-${n}`,
  )
  const files: Record<string, string | Uint8Array> = {}
  for (const { name, ref, sha256 } of datasets) {
    const runs = chosenRuns(view, name, choices.strategies)
    const source = { dataset: ref, datasetName: name, datasetSha256: sha256, baseDir: resolve(dir, base) }
    let frame: MapFrame | undefined
    await worker.map({ ...source, method: choices.map, seed: mapSeed }, (next) => (frame = next), signal)
    const made = await animationFiles(selectionOf(view, runs, choices.map, frame!), {
      ...choices,
      fontPt: 9,
      widthPx,
      roundMs,
      fontsDir: resourcePath('fonts'),
      signal,
    })
    for (const [path, content] of Object.entries(made))
      files[datasets.length === 1 ? path : path.replace('selection', `selection-${names.get(name)}`)] = content
  }
  return files
}

/** The first run of each strategy on a data set, all of one seed. */
function chosenRuns(view: ResultView, dataset: string, wanted: AnimationChoices['strategies']): NamedRun[] {
  const { study, runs } = view.manifest
  const lines = new Set(study.strategies.filter(isLine).map(({ name }) => name))
  const own = runs.filter((run) => run.dataset === dataset && !lines.has(run.strategy))
  const seeds = [...new Set(own.map(({ seed }) => seed))].sort((a, b) => a - b)
  const known = [...new Set(own.map(({ strategy }) => strategy))]
  for (const name of wanted ?? [])
    if (!known.includes(name))
      throw badInput(`no run chooses with "${name}"`, {
        path: '--strategies',
        found: name,
        expected: known.join(', '),
        nearest: nearestName(name, known),
      })
  if (wanted !== undefined && wanted.length > 2)
    throw new QuerentError('bad-usage', 'an animation shows one strategy or two', { path: '--strategies', found: wanted.join(', ') })
  const usual = [...known.filter((name) => name !== study.stats.baseline), study.stats.baseline].filter((name) => known.includes(name))
  const names = wanted ?? usual.slice(0, 2)
  const isEvaluated = ({ hash }: { readonly hash: string }): boolean => view.state(hash).records.length > 0
  // The first seed that all of them have begun.
  const seed = seeds.find((one) => names.every((name) => own.some((run) => run.seed === one && run.strategy === name && isEvaluated(run))))
  if (seed === undefined) throw badInput(`${names.join(' and ')} have evaluated no round of one seed on ${dataset} yet`)
  return names.map((strategy) => {
    const { hash } = own.find((run) => run.seed === seed && run.strategy === strategy && isEvaluated(run))!
    return { run: hash, strategy }
  })
}
