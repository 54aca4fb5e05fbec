import { cellTitle, type Factors, type PairwiseRow, type SummaryRow } from '@engine/analysis'
import { metricInfo } from '@engine/analysis/metricInfo'
import { latexText } from './latex'
import { decimal, pNumber, unitText } from './paperTable'
import { uniqueNames } from './uniqueNames'

type Quantity = readonly [name: string, what: string, value: number | null, text: (value: number) => string]

/**
 * One `\newcommand` per number of the summary and of the pairs, so that the text of a paper never disagrees with its data:
 * `\qBadgeAubc`, `\qBadgeVsRandomP`. Rounded as in the tables, the full value in a comment; works in text and in math.
 */
export function macros(summary: readonly SummaryRow[], pairs: readonly PairwiseRow[]): string {
  const rows = [
    ...summary.map((row) => [row.strategy, row] as const),
    ...pairs.flatMap((row) => [[row.a, row] as const, [row.b, row] as const]),
  ]
  const strategyNames = uniqueNames(
    rows.map(([name]) => name),
    lettersOf,
    lettered,
  )
  const datasetNames = uniqueNames(
    rows.map(([, { dataset }]) => dataset),
    lettersOf,
    lettered,
  )
  const cellNames = uniqueNames(
    rows.map(([, { factors }]) => cellTitle(factors)),
    lettersOf,
    lettered,
  )
  const place = ({ dataset, factors }: { readonly dataset: string; readonly factors: Factors }): string =>
    (cellTitle(factors) && cellNames.get(cellTitle(factors))!) + (datasetNames.size > 1 ? `On${datasetNames.get(dataset)}` : '')
  const taken = new Set<string>()
  const define = (subject: string, described: string, quantities: readonly Quantity[]): string[] =>
    quantities.flatMap(([name, what, value, text]) => {
      if (value === null) return []
      let command = `q${subject}${name}`
      for (let n = 1; taken.has(command); n++) command = lettered(`q${subject}${name}`, n)
      taken.add(command)
      return [`\\newcommand{\\${command}}{${latexText(text(value))}} % ${described}: ${what} ${value}`]
    })
  const lines = [
    ...summary.flatMap((row) => define(strategyNames.get(row.strategy)! + place(row), describe(row.strategy, row), summaryQuantities(row))),
    ...pairs.flatMap((row) =>
      define(
        `${strategyNames.get(row.a)}Vs${strategyNames.get(row.b)}${place(row)}`,
        describe(`${row.a} - ${row.b}`, row),
        pairQuantities(row),
      ),
    ),
  ]
  return `% One command per number; percentages and points without their sign.\n${lines.join('\n')}\n`
}

const describe = (name: string, { dataset, factors }: { readonly dataset: string; readonly factors: Factors }): string =>
  [name, dataset, cellTitle(factors)]
    .filter((part) => part !== '')
    .join(', ')
    .replaceAll(/\s+/g, ' ')

function summaryQuantities(row: SummaryRow): Quantity[] {
  const level = unitText(row.metric)
  const { label } = metricInfo[row.metric]
  return [
    ['Seeds', 'seeds', row.seeds, String],
    ['Aubc', `AUBC of ${label}`, row.aubc, level],
    ['AubcLow', 'lower end of its interval', row.aubcLo, level],
    ['AubcHigh', 'upper end of its interval', row.aubcHi, level],
    ['AubcEarly', 'AUBC of the early window', row.aubcEarly, level],
    ['AubcLate', 'AUBC of the late window', row.aubcLate, level],
    ['Final', `last ${label}`, row.final, level],
    ['FinalLow', 'lower end of its interval', row.finalLo, level],
    ['FinalHigh', 'upper end of its interval', row.finalHi, level],
    ['Saving', 'sample saving in per cent', row.ssr, (value) => `${row.ssrCensored ? '≥ ' : ''}${decimal(100 * value, 0)}`],
    ['LabelsToTarget', 'labels to the target', row.labelsToTarget, (value) => value.toFixed(0)],
  ]
}

function pairQuantities(row: PairwiseRow): Quantity[] {
  const points = unitText(row.metric, true)
  return [
    ['Seeds', 'paired seeds', row.seeds, String],
    ['Diff', 'mean difference', row.meanDifference, points],
    ['DiffLow', 'lower end of its interval', row.lo, points],
    ['DiffHigh', 'upper end of its interval', row.hi, points],
    ['P', 'p', row.p, pNumber],
    ['PAdjusted', 'adjusted p', row.pAdjusted, pNumber],
    ['EffectSize', 'effect size d_z', row.effectSize, (value) => decimal(value, 2)],
    ['Wins', 'seeds won', row.wins, String],
  ]
}

/** `base`, then baseB, baseC …, since a command has letters only. */
const lettered = (base: string, n: number): string => base + lettersOfIndex(n)

const lettersOfIndex = (index: number): string =>
  (index >= 26 ? lettersOfIndex(Math.floor(index / 26) - 1) : '') + String.fromCharCode(65 + (index % 26))

const words: Readonly<Record<string, string>> = Object.fromEntries(
  ['0 Zero', '1 One', '2 Two', '3 Three', '4 Four', '5 Five', '6 Six', '7 Seven', '8 Eight', '9 Nine', '+ Plus', '∞ Infinity'].map(
    (pair) => [pair[0], ` ${pair.slice(2)} `],
  ),
)

/** `badge-2k` → `BadgeTwoK`, `k-means++` → `KMeansPlusPlus`. */
function lettersOf(text: string): string {
  const letters = text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[0-9+∞]/g, (character) => words[character])
    .split(/[^A-Za-z]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('')
  return letters || 'Unnamed'
}
