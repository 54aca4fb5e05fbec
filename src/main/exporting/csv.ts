import { factorText, orderedRuns, pairwise, summarize, type Factors, type PairwiseRow, type SummaryRow } from '@engine/analysis'
import type { ProxyTimings, RoundRecord, SelectedSample, ShadowOverlap } from '@engine/study/events'
import type { ResultSet, RunResult } from '@engine/study/results'
import { csvFormatRow, csvParseRows } from 'd3-dsv'

/**
 * The tidy tables of a result folder: RFC 4180 quoting, one line feed per row, shortest round-trip decimals, empty for a value that is
 * not defined. Rows come by data set, strategy, factor cell, seed and round, so equal results give equal bytes.
 */
export const tableNames = ['rounds', 'selections', 'diagnostics', 'overlap', 'summary', 'pairwise'] as const
export type TableName = (typeof tableNames)[number]

type Cell = string | number | boolean | null | undefined
type Columns<R> = Readonly<Record<string, (row: R) => Cell>>

interface OfRun {
  readonly run: RunResult
}
interface OfRound extends OfRun {
  readonly record: RoundRecord
}

const runColumns: Columns<OfRun> = {
  study: ({ run }) => run.study,
  dataset: ({ run }) => run.dataset,
  run: ({ run }) => run.run,
  strategy: ({ run }) => run.strategy,
  seed: ({ run }) => run.seed,
}

const roundColumns: Columns<OfRound> = {
  ...runColumns,
  round: ({ record }) => record.round,
  labeled: ({ record }) => record.labeled,
  accuracy: ({ record }) => record.metrics.accuracy,
  nll: ({ record }) => record.metrics.nll,
  macro_f1: ({ record }) => record.metrics.macro_f1,
  ece: ({ record }) => record.metrics.ece,
  brier: ({ record }) => record.metrics.brier,
  train_loss: ({ record }) => record.trainLoss,
  train_accuracy: ({ record }) => record.trainAccuracy,
  steps: ({ record }) => record.steps,
  diversity: ({ record }) => record.diversity,
  diversity_cumulative: ({ record }) => record.diversityCumulative,
  class_entropy: ({ record }) => record.classEntropy,
  mode: ({ record }) => record.mode,
  train_ms: ({ record }) => record.timings.trainMs,
  forward_ms: ({ record }) => record.timings.forwardMs,
  score_ms: ({ record }) => record.timings.scoreMs,
  choose_ms: ({ record }) => record.timings.chooseMs,
  update_ms: ({ record }) => record.timings.updateMs,
  eval_ms: ({ record }) => record.timings.evalMs,
}

interface OfSelection extends OfRun {
  readonly round: number
  readonly order: number
  readonly sample: SelectedSample
}

const selectionColumns: Columns<OfSelection> = {
  ...runColumns,
  round: ({ round }) => round,
  order: ({ order }) => order,
  row: ({ sample }) => sample.row,
  label: ({ sample }) => sample.label,
  score: ({ sample }) => sample.score,
  predicted: ({ sample }) => sample.predicted,
  confidence: ({ sample }) => sample.confidence,
}

/** A batch belongs to the round that trains on it: the one after the state it was queried from. */
function selectionsOf(run: RunResult): OfSelection[] {
  const batches = [
    { round: 0, samples: run.initial },
    ...run.records.map(({ round, selection }) => ({ round: round + 1, samples: selection })),
  ]
  return batches.flatMap(({ round, samples }) => samples.map((sample, order) => ({ run, round, order, sample })))
}

const diagnosticColumns: Columns<OfRound & { readonly key: string; readonly value: number }> = {
  ...runColumns,
  round: ({ record }) => record.round,
  key: ({ key }) => key,
  value: ({ value }) => value,
}

const overlapColumns: Columns<OfRound & { readonly overlap: ShadowOverlap }> = {
  ...runColumns,
  round: ({ record }) => record.round,
  shadow: ({ overlap }) => overlap.shadow,
  jaccard: ({ overlap }) => overlap.jaccard,
  spearman: ({ overlap }) => overlap.spearman,
}

/** Terms of A§12.6 of runs that choose by a proxy. */
const ledgerColumns: Columns<LedgerRow> = {
  ...runColumns,
  round: ({ record }) => record.round,
  feature_forward_ms: ({ terms }) => terms.featureForwardMs,
  proxy_train_ms: ({ terms }) => terms.proxyTrainMs,
  proxy_forward_ms: ({ terms }) => terms.proxyForwardMs,
  select_ms: ({ terms }) => terms.selectMs,
  check_train_ms: ({ terms }) => terms.checkTrainMs,
  logme_ms: ({ terms }) => terms.logmeMs,
  feature_update_ms: ({ terms }) => terms.featureUpdateMs,
  final_train_ms: ({ terms }) => terms.finalTrainMs,
}

const summaryColumns: Columns<SummaryRow> = {
  study: (row) => row.study,
  dataset: (row) => row.dataset,
  strategy: (row) => row.strategy,
  seeds: (row) => row.seeds,
  metric: (row) => row.metric,
  aubc: (row) => row.aubc,
  aubc_lo: (row) => row.aubcLo,
  aubc_hi: (row) => row.aubcHi,
  aubc_early: (row) => row.aubcEarly,
  aubc_late: (row) => row.aubcLate,
  final: (row) => row.final,
  final_lo: (row) => row.finalLo,
  final_hi: (row) => row.finalHi,
  ssr: (row) => row.ssr,
  ssr_lo: (row) => row.ssrLo,
  ssr_hi: (row) => row.ssrHi,
  ssr_censored: (row) => row.ssrCensored,
  ssr_at: (row) => row.ssrAt,
  labels_to_target: (row) => row.labelsToTarget,
  select_ms: (row) => row.selectMs,
  train_ms: (row) => row.trainMs,
}

const pairwiseColumns: Columns<PairwiseRow> = {
  study: (row) => row.study,
  dataset: (row) => row.dataset,
  a: (row) => row.a,
  b: (row) => row.b,
  family: (row) => row.family,
  metric: (row) => row.metric,
  seeds: (row) => row.seeds,
  mean_difference: (row) => row.meanDifference,
  lo: (row) => row.lo,
  hi: (row) => row.hi,
  p: (row) => row.p,
  p_adjusted: (row) => row.pAdjusted,
  effect_size: (row) => row.effectSize,
  wins: (row) => row.wins,
  penalty: (row) => row.penalty,
}

/** Writes a header and then one piece of text per group; `cell` adds a `factor:<path>` column for each ablated path. */
function* write<R>(results: ResultSet, columns: Columns<R>, groups: Iterable<readonly R[]>, cell?: (row: R) => Factors): Generator<string> {
  const names = Object.keys(columns)
  const cells = Object.values(columns)
  const factors = cell ? results.factors : []
  yield csvFormatRow([...names, ...factors.map((path) => `factor:${path}`)]) + '\n'
  for (const rows of groups) {
    if (rows.length === 0) continue
    const lines = rows.map((row) =>
      csvFormatRow([...cells.map((get) => cellText(get(row))), ...factors.map((path) => factorText(cell?.(row)[path]))]),
    )
    yield lines.join('\n') + '\n'
  }
}

function cellText(cell: Cell): string {
  if (typeof cell === 'number') return Number.isFinite(cell) ? String(cell) : ''
  return cell === null || cell === undefined ? '' : String(cell)
}

/** Rows of summary.csv or pairwise.csv as objects by column; null where a cell is empty. */
export const tableObjects = {
  summary: (results: ResultSet) => objectsOf(results, summaryColumns, summarize(results)),
  pairwise: (results: ResultSet) => objectsOf(results, pairwiseColumns, pairwise(results)),
}

function objectsOf<R extends { readonly factors: Factors }>(results: ResultSet, columns: Columns<R>, rows: readonly R[]) {
  return rows.map((row) => ({
    ...Object.fromEntries(Object.entries(columns).map(([name, get]) => [name, get(row) ?? null])),
    ...Object.fromEntries(results.factors.map((path) => [`factor:${path}`, row.factors[path] ?? null])),
  }))
}

/** A table as text pieces (header, then one per run), for writing tables that would not fit into one string. */
export function csvChunks(name: TableName, results: ResultSet): Generator<string> {
  const runs = orderedRuns(results)
  switch (name) {
    case 'rounds':
      return write(
        results,
        roundColumns,
        lazily(runs, (run) => run.records.map((record) => ({ run, record }))),
        ({ run }) => run.factors,
      )
    case 'selections':
      return write(results, selectionColumns, lazily(runs, selectionsOf))
    case 'diagnostics':
      return write(
        results,
        diagnosticColumns,
        lazily(runs, (run) =>
          run.records.flatMap((record) => Object.entries(record.diagnostics).map(([key, value]) => ({ run, record, key, value }))),
        ),
      )
    case 'overlap':
      return write(
        results,
        overlapColumns,
        lazily(runs, (run) => run.records.flatMap((record) => record.overlap.map((overlap) => ({ run, record, overlap })))),
      )
    case 'summary':
      return write(results, summaryColumns, [summarize(results)], ({ factors }) => factors)
    case 'pairwise':
      return write(results, pairwiseColumns, [pairwise(results)], ({ factors }) => factors)
  }
}

function* lazily<R>(runs: readonly RunResult[], rows: (run: RunResult) => R[]): Generator<R[]> {
  for (const run of runs) yield rows(run)
}

/** A table as text; `ledger` has no rows where no run chose by a proxy. */
export const csvTable = (name: TableName | 'ledger', results: ResultSet): string =>
  name === 'ledger' ? ledgerOf(results, ledgerRows(results)) : [...csvChunks(name, results)].join('')

export const roundsCsv = (results: ResultSet): string => csvTable('rounds', results)
export const selectionsCsv = (results: ResultSet): string => csvTable('selections', results)
export const diagnosticsCsv = (results: ResultSet): string => csvTable('diagnostics', results)
export const overlapCsv = (results: ResultSet): string => csvTable('overlap', results)
export const summaryCsv = (results: ResultSet): string => csvTable('summary', results)
export const pairwiseCsv = (results: ResultSet): string => csvTable('pairwise', results)

type LedgerRow = OfRound & { readonly terms: ProxyTimings }

const ledgerRows = (results: ResultSet): LedgerRow[] =>
  orderedRuns(results).flatMap((run) =>
    run.records.flatMap((record) => (record.proxyTimings === undefined ? [] : [{ run, record, terms: record.proxyTimings }])),
  )

const ledgerOf = (results: ResultSet, rows: LedgerRow[]): string =>
  [...write(results, ledgerColumns, [rows], ({ run }) => run.factors)].join('')

/** Where the time of runs with a proxy went; null when no run has one. */
export function ledgerCsv(results: ResultSet): string | null {
  const rows = ledgerRows(results)
  return rows.length === 0 ? null : ledgerOf(results, rows)
}

/** Every table by name; `ledger` where a run chose by a proxy. */
export function allTables(results: ResultSet): Record<TableName, string> & { readonly ledger?: string } {
  const ledger = ledgerCsv(results)
  return { ...alwaysTables(results), ...(ledger === null ? {} : { ledger }) }
}

const alwaysTables = (results: ResultSet): Record<TableName, string> => ({
  rounds: roundsCsv(results),
  selections: selectionsCsv(results),
  diagnostics: diagnosticsCsv(results),
  overlap: overlapCsv(results),
  summary: summaryCsv(results),
  pairwise: pairwiseCsv(results),
})

/** The table without the columns whose name ends in `_ms`: what two executions of a manifest must agree on. */
export function withoutTimes(csv: string): string {
  const end = csv.indexOf('\n')
  if (!csv.slice(0, end < 0 ? undefined : end).includes('_ms')) return csv
  const rows = csvParseRows(csv)
  const kept = rows[0].flatMap((name, index) => (name.endsWith('_ms') ? [] : [index]))
  return rows.map((row) => csvFormatRow(kept.map((index) => row[index])) + '\n').join('')
}
