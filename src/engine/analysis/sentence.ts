import type { ResultSet } from '../study/results'
import type { StatsSpec } from '../study/spec'
import { cellTitle } from './factorWords'
import { metricInfo } from './metricInfo'
import { pairwise, type PairwiseRow } from './pairwise'
import { exactSignFlips, minimumPairsForP } from './pairedTests'
import { compatible, type Factors } from './resultSet'

const testNames: Readonly<Record<StatsSpec['test'], string>> = {
  'paired-sign-flip': 'sign-flip test',
  'paired-t': 'paired t-test',
  wilcoxon: 'Wilcoxon signed-rank test',
}

/** The test as a sentence names it, for at most `n` pairs. */
export const testTitle = (test: StatsSpec['test'], n: number): string =>
  (test === 'paired-sign-flip' ? (n <= exactSignFlips ? 'exact ' : 'Monte-Carlo ') : '') + testNames[test]

/**
 * The comparison as a methods paragraph says it: number of paired seeds, quantity, interval, test, correction and its family, then each
 * pair of one data set (default: the first), and what the seeds vary. Below six seeds it says that no p-value is shown; pairs of all with
 * all are called exploratory. Empty text while no two strategies share a finished seed.
 */
export function statisticsSentence(results: ResultSet, options: { readonly dataset?: string; readonly facet?: Factors } = {}): string {
  const { stats } = results
  const all = pairwise(results).filter((row) => row.tested && row.seeds > 0)
  const dataset = options.dataset ?? all[0]?.dataset
  const rows = all.filter((row) => row.dataset === dataset && compatible(options.facet ?? {}, row.factors))
  if (rows.length === 0) return ''
  const { label, percent } = metricInfo[stats.metric]
  const seeds = rows.map((row) => row.seeds)
  const most = Math.max(...seeds)
  const quantity =
    stats.primary === 'aubc' ? `area under the budget curve (AUBC) of test ${label}` : `test ${label} at the last shared budget`
  const vsBaseline = stats.family === 'vs-baseline'
  const compared = vsBaseline ? `difference to ${rows[0].b}` : 'paired differences, exploratory'
  const parts = [
    `n = ${span(seeds)} paired seed${most === 1 ? '' : 's'}`,
    quantity,
    `${compared}${percent ? ' in points' : ''} [${bandName(results, rows)}]`,
  ]
  const withP = Math.min(...seeds) >= minimumPairsForP
  if (withP) {
    parts.push(`${testTitle(stats.test, most)} (two-sided)`, correctionText(stats, rows))
  }
  const each = rows.map((row) => `${pairName(row, vsBaseline)} ${describe(row, percent, withP)}`)
  const warning = withP ? '' : ` Fewer than ${minimumPairsForP} paired seeds: no p-value is shown.`
  return `${parts.join('; ')}: ${each.join('; ')}.${warning}${splitText(results, withP)}`
}

/** 10, or 8–10. */
function span(counts: readonly number[]): string {
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)]
  return fewest === most ? `${fewest}` : `${fewest}–${most}`
}

function bandName({ stats, splitVaries, runs }: ResultSet, rows: readonly PairwiseRow[]): string {
  if (stats.band === 'bootstrap') return '95 % bootstrap CI'
  const isCorrected = splitVaries === true && runs.some(({ dataset, testShare }) => dataset === rows[0].dataset && testShare !== undefined)
  return isCorrected ? '95 % t CI, Nadeau–Bengio corrected' : '95 % t CI'
}

function correctionText({ correction, family }: StatsSpec, rows: readonly PairwiseRow[]): string {
  const sizes = rows.map((row) => row.familySize)
  if (Math.max(...sizes) === 1) return rows.length === 1 ? 'a single comparison' : 'a single comparison in each cell, not adjusted'
  const isSplit = family === 'vs-baseline' && rows.length > Math.max(...sizes)
  const over = `${span(sizes)} comparisons${isSplit ? ' in each cell' : ''}`
  return correction === 'holm' ? `p adjusted by Holm over ${over}` : `p not adjusted for ${over}`
}

/** What the claim is about: one split, or splits drawn from the same rows. */
function splitText({ splitVaries, stats }: ResultSet, withP: boolean): string {
  if (splitVaries === undefined) return ''
  if (!splitVaries) return ' Conditional on this split of the data.'
  const test = withP && stats.test !== 'paired-t' ? '; the test takes them as independent' : ''
  return ` Seeds split the same data anew, so their differences are not independent (Nadeau and Bengio 2003)${test}.`
}

function pairName(row: PairwiseRow, vsBaseline: boolean): string {
  const levels = cellTitle(row.factors)
  return (vsBaseline ? row.a : `${row.a} − ${row.b}`) + (levels && ` (${levels})`)
}

function describe(row: PairwiseRow, percent: boolean, withP: boolean): string {
  const text = (value: number): string => (percent ? signed(100 * value) : signed(value, 3))
  const interval = row.lo === null || row.hi === null ? '' : ` [${text(row.lo)}, ${text(row.hi)}]`
  return text(row.meanDifference ?? 0) + interval + (withP && row.pAdjusted !== null ? `, ${pText(row.pAdjusted)}` : '')
}

/** +3.4, −0.8 with a true minus; one decimal more where it would read 0.0. */
export function signed(value: number, digits = 1): string {
  const size = Math.abs(value)
  const rounded = size.toFixed(digits)
  const text = Number(rounded) === 0 && size !== 0 ? size.toFixed(digits + 1) : rounded
  return (Number(text) === 0 ? '±' : value < 0 ? '−' : '+') + text
}

/** p < 0.001, p = 0.004, p = 0.92 */
export function pText(p: number): string {
  if (p < 0.001) return 'p < 0.001'
  const text = p < 0.01 ? p.toFixed(3) : p.toFixed(2)
  return `p = ${text}`
}
