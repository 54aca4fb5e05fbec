import { existsSync, statSync } from 'node:fs'
import { dirname, extname, join, resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { csvFormatRows } from 'd3-dsv'
import {
  joinResults,
  minimumPairsForP,
  penaltyComparison,
  rankComparison,
  readResults,
  resultFindings,
  statisticsSentence,
  type ColumnMap,
  type PenaltyComparison,
  type RankComparison,
  type ResultSource,
} from '@engine/analysis'
import { metricIds } from '@engine/study/fields'
import type { ResultSet } from '@engine/study/results'
import type { MetricId } from '@engine/study/spec'
import { csvTable, tableObjects } from '../exporting/csv'
import { resultsOf } from '../lab/resultSet'
import { openResults } from '../lab/results'
import { readBytes } from '../node/datasets/files'
import { toQuerentError } from '../node/errors'
import { makeFolder, writeAtomic } from '../node/storage/files'
import { textTable, type CliContext, type CommandResult } from './io'
import { createExperimentHost } from './studyInput'

interface Options {
  readonly metric?: MetricId
  readonly baseline?: string
  readonly map?: ColumnMap
  readonly penalty?: true
  readonly out?: string
}

export function register(program: Command, context: CliContext): void {
  program
    .command('compare')
    .description('statistics over results of any origin: result folders, tables of results, files of OGAL, CDALBench and W&B')
    .argument('<sources...>', 'result folders, CSV files, JSON files { columns, rows } or JSON lines')
    .addOption(new Option('--metric <id>', 'what is compared').choices(metricIds))
    .option('--baseline <name>', 'strategy that the others are compared with')
    .option(
      '--map <ours=theirs...>',
      'name a column of a table: strategy=method, factor:model=arch; or give a constant: strategy==badge, batch=10',
      addMapping,
    )
    .option('--penalty', "BADGE's pairwise penalty matrix, and the same with corrected p-values")
    .option('--out <path>', 'write the tables into this folder, or one table into this .csv file')
    .action(context.action((sources: string[], options: Options) => compare(context, sources, options)))
}

function addMapping(text: string, earlier: ColumnMap = {}): ColumnMap {
  const parts = text.split(',').map((part) => /^([^=]+)=(.+)$/.exec(part))
  if (parts.some((part) => part === null)) throw new InvalidArgumentError('OURS=THEIRS is needed, e.g. strategy=method.')
  return { ...earlier, ...Object.fromEntries(parts.map((part) => [part![1].trim(), part![2].trim()])) }
}

async function compare(context: CliContext, names: readonly string[], options: Options): Promise<CommandResult> {
  const sources: ResultSource[] = []
  for (const name of names) sources.push({ name, results: await openSource(context, name, options.map ?? {}) })
  const { results, notes } = joinResults(sources, options)
  const findings = resultFindings(results)
  const penalty = options.penalty ? penaltyComparison(results) : null
  const ranks = rankComparison(results)
  const sentence = sentences(results)
  const files = options.out === undefined ? [] : await writeTables(context, options.out, results, penalty)
  for (const note of notes) context.note(note)
  for (const { message, fix } of findings) context.note(fix === undefined ? message : `${message} → ${fix}`)
  const json = {
    study: results.study,
    metric: results.stats.metric,
    baseline: results.stats.baseline,
    runs: results.runs.length,
    strategies: results.strategies,
    sentence,
    summary: tableObjects.summary(results),
    pairwise: tableObjects.pairwise(results),
    ranks: ranksJson(ranks),
    ...(penalty === null ? {} : { penalty: penaltyJson(penalty) }),
    notes,
    findings,
    ...(files.length === 0 ? {} : { files }),
  }
  return { json, text: textOf(results, sentence, ranks, penalty) }
}

/** One sentence per data set, each after its name where there are several. */
function sentences(results: ResultSet): string {
  const datasets = [...new Set(results.runs.map(({ dataset }) => dataset))]
  const each = datasets.map((dataset) => [dataset, statisticsSentence(results, { dataset })] as const).filter(([, text]) => text !== '')
  return each.map(([dataset, text]) => (datasets.length > 1 ? `${dataset}: ${text}` : text)).join('\n')
}

async function openSource(context: CliContext, name: string, map: ColumnMap): Promise<ResultSource['results']> {
  const path = context.resolve(name)
  if (!isFolder(path, name)) return readResults(name, readText(path, name), map, { path, beside: (file) => besideText(path, file) })
  return resultsOf(await openResults(createExperimentHost(context).store, path))
}

const readText = (path: string, name: string): string => new TextDecoder().decode(readBytes(path, name))

function besideText(path: string, file: string): string | null {
  const other = resolve(dirname(path), file)
  return existsSync(other) ? readText(other, file) : null
}

function isFolder(path: string, name: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch (error) {
    throw toQuerentError(error, name)
  }
}

async function writeTables(context: CliContext, out: string, results: ResultSet, penalty: PenaltyComparison | null): Promise<string[]> {
  const matrix = penalty === null ? null : penaltyCsv(penalty)
  if (extname(out) === '.csv') {
    await makeFolder(dirname(context.resolve(out)))
    await writeAtomic(context.resolve(out), matrix ?? csvTable('pairwise', results))
    return [out]
  }
  await makeFolder(context.resolve(out))
  const tables = [
    ['summary.csv', csvTable('summary', results)],
    ['pairwise.csv', csvTable('pairwise', results)],
    ...(matrix === null ? [] : [['penalty.csv', matrix]]),
  ]
  for (const [file, text] of tables) await writeAtomic(join(context.resolve(out), file), text)
  return tables.map(([file]) => join(out, file))
}

function penaltyCsv({ exact: { strategies, matrix, columnMeans } }: PenaltyComparison): string {
  const rows = matrix.map((row, i) => [strategies[i], ...row.map(String)])
  return `${csvFormatRows([['strategy', ...strategies], ...rows, ['column mean', ...columnMeans.map(String)]])}\n`
}

const matrixJson = ({ strategies, matrix, columnMeans, settings }: PenaltyComparison['exact']) => ({
  strategies,
  matrix,
  column_average: columnMeans,
  settings,
})

const penaltyJson = ({ exact, corrected, tests }: PenaltyComparison) => ({
  ...matrixJson(exact),
  corrected: matrixJson(corrected),
  tests: tests.map(({ meanDifference, pAdjusted, ...test }) => ({ ...test, mean_difference: meanDifference, p_adjusted: pAdjusted })),
})

function ranksJson(ranks: RankComparison) {
  if (ranks.reason !== null) return ranks
  const { criticalDifference, ...rest } = ranks
  return { ...rest, critical_difference: criticalDifference }
}

function textOf(results: ResultSet, sentence: string, ranks: RankComparison, penalty: PenaltyComparison | null): string {
  const summary = tableObjects
    .summary(results)
    .map((row) => ({ ...row, ssr: row.ssr_censored === true ? `≥ ${cellOf(row.ssr)}` : row.ssr }))
  const pairwise = tableObjects
    .pairwise(results)
    .map((row) => (Number(row.seeds) < minimumPairsForP ? { ...row, p: null, p_adjusted: null } : row))
  const factors = results.factors.map((path) => `factor:${path}`)
  const blocks = [
    sentence,
    tableText(['dataset', 'strategy', ...factors, 'seeds', 'aubc', 'aubc_lo', 'aubc_hi', 'final', 'ssr', 'ssr_lo', 'ssr_hi'], summary),
    tableText(
      ['dataset', 'a', 'b', ...factors, 'seeds', 'mean_difference', 'lo', 'hi', 'p', 'p_adjusted', 'effect_size', 'wins'],
      pairwise,
    ),
    ...(penalty === null ? [] : [penaltyText(penalty.exact, 'penalty'), penaltyText(penalty.corrected, 'penalty, all seeds and Holm')]),
    ranks.reason === null
      ? `mean ranks over ${ranks.settings} settings: ${ranks.strategies.map((name, i) => `${name} ${short(ranks.ranks[i])}`).join(', ')}; Friedman p ${short(ranks.friedman.p)}, critical difference ${short(ranks.criticalDifference)}`
      : '',
  ]
  return blocks.filter((block) => block !== '').join('\n\n')
}

type TableRow = Readonly<Record<string, unknown>>

function tableText(columns: readonly string[], rows: readonly TableRow[]): string {
  const kept = columns.filter((column) => rows.some((row) => row[column] !== null))
  return rows.length === 0
    ? ''
    : textTable(
        kept,
        rows.map((row) => kept.map((column) => cellOf(row[column]))),
      )
}

const cellOf = (value: unknown): string | number | null =>
  typeof value === 'number'
    ? short(value)
    : value === null || value === undefined
      ? null
      : typeof value === 'string'
        ? value
        : JSON.stringify(value)

const penaltyText = ({ strategies, matrix, columnMeans }: PenaltyComparison['exact'], title: string): string =>
  textTable(
    [title, ...strategies],
    [
      ...matrix.map((row, i) => [strategies[i], ...row.map((value) => value.toFixed(2))]),
      ['column mean', ...columnMeans.map((value) => value.toFixed(2))],
    ],
  )

const short = (value: number): number => Number(value.toPrecision(4))
