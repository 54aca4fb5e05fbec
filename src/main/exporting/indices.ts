import { csvFormatRow } from 'd3-dsv'
import { zipSync } from 'fflate'
import { cellTitle } from '@engine/analysis/factorWords'
import { factorText } from '@engine/analysis/resultSet'
import { badInput, nearestName, QuerentError } from '@engine/core/errors'
import type { Dataset, LabeledPool } from '@engine/data/dataset'
import { writeNpy } from '@engine/data/npy'
import { partitionOf } from '@engine/study/partition'
import { parseSplit, type SplitRows } from '@engine/study/runFiles'
import type { PlannedRun } from '@engine/study/spec'
import { streamsOf } from '@engine/study/streams'
import type { IndexFormat, IndexRequest } from '@contract/types'
import type { ResultView } from '../lab/dependencies'
import { uniqueNames } from './uniqueNames'

type View = Pick<ResultView, 'plan' | 'state'> & { readonly manifest: Pick<ResultView['manifest'], 'datasets' | 'studyName'> }

/**
 * Row numbers of an experiment as a file: what runs selected by round, the split of a data set (a `data.split` file), or its initial
 * sets by repeat (a `protocol.initialRows` file). `splitText`: the study's own split file, where it has one.
 */
export function indexFile(view: View, request: IndexRequest, splitText?: string): { readonly name: string; readonly bytes: Uint8Array } {
  const { what, format } = request
  const runs = chosenRuns(view, request)
  const name = `${view.manifest.studyName}-${what}.${format}`
  if (what === 'selections') return { name, bytes: selectionsFile(runs, view, format) }
  if (format === 'npy' || format === 'npz')
    throw badInput(`${what === 'split' ? 'a split' : 'initial sets'} cannot be a ${format} file`, {
      path: 'format',
      found: format,
      expected: 'json or csv',
    })
  return { name, bytes: bytesOf(what === 'split' ? splitFile(runs, view, format, splitText) : initialFile(runs, view, format)) }
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** The runs that a request names, of one data set for splits and initial sets. */
function chosenRuns({ plan }: View, { what, dataset, strategy, seed }: IndexRequest): PlannedRun[] {
  const values = (of: (run: PlannedRun) => string): string[] => [...new Set(plan.map(of))]
  const known = {
    dataset: values(({ spec }) => spec.datasetName),
    strategy: values(({ spec }) => spec.strategy.name),
    seed: values(({ spec }) => String(spec.repeat)),
  }
  for (const [field, wanted] of Object.entries({ dataset, strategy, seed: seed?.toString() })) {
    const names = known[field as keyof typeof known]
    if (wanted !== undefined && !names.includes(wanted))
      throw new QuerentError('not-found', `the experiment has no ${field} "${wanted}"`, {
        path: field,
        found: wanted,
        expected: names.join(' · '),
        nearest: nearestName(wanted, names),
      })
  }
  if (what !== 'selections' && dataset === undefined && known.dataset.length > 1)
    throw badInput('the experiment has several data sets: say which', {
      path: 'dataset',
      found: known.dataset.join(', '),
      expected: 'one of them',
    })
  return plan.filter(
    ({ spec }) =>
      (dataset === undefined || spec.datasetName === dataset) &&
      (strategy === undefined || spec.strategy.name === strategy) &&
      (seed === undefined || spec.repeat === seed),
  )
}

function selectionsFile(runs: readonly PlannedRun[], { state }: View, format: IndexFormat): Uint8Array {
  const found = runs.map(({ hash, spec, factors }) => {
    const { initial, records } = state(hash)
    return {
      dataset: spec.datasetName,
      strategy: spec.strategy.name,
      seed: spec.repeat,
      factors,
      run: hash,
      initial: initial.map(({ row }) => row),
      // The round that ends a run queries nothing.
      rounds: records.slice(0, spec.strategy.rounds).map(({ selection }) => selection.map(({ row }) => row)),
    }
  })
  if (format === 'json') return bytesOf(`${JSON.stringify(found, null, 1)}\n`)
  const paths = [...new Set(runs.flatMap(({ factors }) => Object.keys(factors)))]
  const numbered = found.map((run) => [run.initial, ...run.rounds].flatMap((rows, round) => rows.map((row, order) => [round, order, row])))
  if (format === 'csv') {
    const lines = found.flatMap(({ dataset, strategy, seed, factors }, i) =>
      numbered[i].map((cells) =>
        csvFormatRow([dataset, strategy, String(seed), ...paths.map((path) => factorText(factors[path])), ...cells.map(String)]),
      ),
    )
    return bytesOf(
      [csvFormatRow(['dataset', 'strategy', 'seed', ...paths.map((path) => `factor:${path}`), 'round', 'order', 'row']), ...lines, ''].join(
        '\n',
      ),
    )
  }
  const arrays = numbered.map((entries) =>
    writeNpy(Int32Array.from(entries.flatMap(([round, , row]) => [round, row])), [entries.length, 2]),
  )
  if (format === 'npy') {
    if (arrays.length === 1) return arrays[0]
    throw badInput(`a .npy file holds one run, not ${arrays.length}`, {
      path: 'format',
      found: `${arrays.length} runs`,
      expected: 'a data set, a strategy and a seed; or .npz for all runs',
    })
  }
  const titles = found.map(({ dataset, strategy, seed, factors }) =>
    [dataset, strategy, cellTitle(factors), seed].filter((part) => part !== '').join('-'),
  )
  const names = uniqueNames(
    titles,
    (title) => title.replaceAll(/[^\w.-]+/g, '-'),
    (name, n) => `${name}-${n}`,
  )
  return zipSync(
    Object.fromEntries(
      arrays.map((array, i) => [`${names.get(titles[i])}.npy`, [array, { level: 0 as const, mtime: new Date(1980, 0, 1) }]]),
    ),
  )
}

function splitFile(runs: readonly PlannedRun[], view: View, format: 'json' | 'csv', splitText?: string): string {
  const splits = new Map(runs.map((run) => splitOf(run, view, splitText)).map((split) => [JSON.stringify(split), split]))
  const [split] = splits.values()
  if (splits.size !== 1)
    throw badInput(`the runs have ${splits.size} different splits`, {
      path: 'seed',
      found: `${splits.size} splits`,
      expected: 'one seed: a split file holds one split',
    })
  if (format === 'json') return `${JSON.stringify(split)}\n`
  const lines = (['train', 'validation', 'test'] as const).flatMap((part) => split[part].map((row) => [row, part] as const))
  return `row,part\n${lines.sort(([a], [b]) => a - b).map(([row, part]) => `${row},${part}\n`).join('')}` // prettier-ignore
}

/** The rows of a run, drawn again from its stream; its test rows are none where the data set has a test array of its own. */
function splitOf({ spec }: PlannedRun, { manifest }: View, splitText: string | undefined): SplitRows {
  const facts = manifest.datasets.find(({ name }) => name === spec.datasetName)
  if (facts === undefined) throw new QuerentError('internal', `the manifest lacks ${spec.datasetName}`)
  const hollow = (rows: number): LabeledPool => ({ data: new Uint8Array(0), rows, shape: [1], labels: new Int32Array(0) })
  const dataset: Pick<Dataset, 'id' | 'train' | 'test'> = {
    id: facts.name,
    train: hollow(facts.rows),
    test: facts.testRows > 0 ? hollow(facts.testRows) : null,
  }
  const given = splitText === undefined || spec.data.split === null ? undefined : parseSplit(splitText, spec.data.split)
  const { pool, validation, test } = partitionOf(dataset, spec, given, streamsOf(spec))
  return { train: [...pool], validation: [...validation], test: test.heldOut ? [...test.rows] : [] }
}

/** Initial sets in order of the repeats, as every strategy of a repeat started with them. */
function initialFile(runs: readonly PlannedRun[], { state }: View, format: 'json' | 'csv'): string {
  const bySeed = new Map<number, readonly number[]>()
  for (const { hash, spec } of runs) {
    const rows = state(hash).initial.map(({ row }) => row)
    if (rows.length === 0) continue
    const known = bySeed.get(spec.repeat)
    if (known !== undefined && String(known) !== String(rows))
      throw badInput(`the runs of seed ${spec.repeat} started from different rows`, {
        path: 'strategy',
        found: 'an ablation of the initial set',
        expected: 'a strategy and level that fix it',
      })
    bySeed.set(spec.repeat, rows)
  }
  const seeds = [...bySeed.keys()].sort((a, b) => a - b)
  const missing = Array.from({ length: (seeds.at(-1) ?? 0) + 1 }, (_, seed) => seed).filter((seed) => !bySeed.has(seed))
  if (seeds.length === 0)
    throw badInput('no run of these has an initial set', { expected: 'runs that have begun, of a study with a seeded start' })
  if (seeds.length === 1) {
    const [rows] = bySeed.values()
    return format === 'json' ? `${JSON.stringify(rows)}\n` : `row\n${rows.join('\n')}\n`
  }
  if (missing.length > 0)
    throw badInput(`the runs of seed ${missing.join(', ')} have not begun`, {
      path: 'seed',
      found: `seeds ${seeds.join(', ')}`,
      expected: 'all seeds, or one',
    })
  if (format === 'csv')
    throw badInput('a CSV file holds the initial set of one seed', {
      path: 'seed',
      found: `${seeds.length} seeds`,
      expected: 'one seed; or JSON for all',
    })
  return `[\n${seeds.map((seed) => JSON.stringify(bySeed.get(seed))).join(',\n')}\n]\n`
}
