import type { ResultSet } from '@engine/study/results'
import { metricInfo, metricTitle, pairwise, penaltyComparison, type PairwiseRow } from '@engine/analysis'
import { oracleNote, seedsText, sentences } from './captions'
import type { Figure, FigureChoices, FigureTable } from './figure'
import { matrixHeight, matrixOption, type Matrix } from './matrixChart'
import { remembered } from './remembered'
import { memberOf, shownOf, visibleResults, type Shown } from './shown'

interface DrawnMatrix {
  readonly matrix: Matrix
  readonly caption: string
  readonly table: FigureTable
}

/** A matrix figure from data that are computed once for what it needs, its height and its drawing. */
export function matrixFigure<Data>(
  title: string,
  dataOf: (shown: Shown) => Data,
  needs: (data: Data, shown: Shown) => string | null,
  draw: (data: Data, shown: Shown) => DrawnMatrix,
): Figure {
  const prepare = remembered((results, choices: FigureChoices) => dataOf(shownOf(results, choices)))
  const drawn = (results: ResultSet, choices: FigureChoices): DrawnMatrix => draw(prepare(results, choices), shownOf(results, choices))
  return {
    title,
    compute: prepare,
    adopt: (results, choices, data) => prepare.adopt(results, choices, data as Data),
    needs: (results, choices) => needs(prepare(results, choices), shownOf(results, choices)),
    height: (results, choices, box) => matrixHeight(drawn(results, choices).matrix, box),
    build: (results, choices, box) => {
      const { matrix, caption, table } = drawn(results, choices)
      return { option: matrixOption(matrix, box), caption, table }
    },
  }
}

const primaryText = ({ results, metric }: Shown): string =>
  results.stats.primary === 'aubc' ? `area under the curve of ${metricInfo[metric].label}` : `final ${metricTitle(metric)}`

function allPairs(shown: Shown): PairwiseRow[] {
  const results = visibleResults(shown)
  return pairwise(
    // only who is better counts here: of the tests, the quickest
    { ...results, stats: { ...results.stats, family: 'all-pairs', test: 'paired-t' } },
    { metric: shown.metric, baseline: shown.baseline },
  ).filter(({ a, b, seeds, tested }) => tested && seeds > 0 && shown.visible(a) && shown.visible(b))
}

/** Share of paired seeds, over all data sets and cells, in which the row is better than the column. */
export const wins = matrixFigure(
  'Win matrix',
  allPairs,
  (rows) => (rows.length === 0 ? 'No two strategies share a finished seed.' : null),
  (rows, shown) => {
    const names = shown.results.strategies.filter((name) => rows.some(({ a, b }) => a === name || b === name))
    const place = new Map(names.map((name, index) => [name, index]))
    const won = names.map(() => names.map(() => 0))
    const met = names.map(() => names.map(() => 0))
    for (const { a, b, wins: better, losses, seeds } of rows) {
      const [i, j] = [place.get(a)!, place.get(b)!]
      won[i][j] += better
      won[j][i] += losses
      met[i][j] += seeds
      met[j][i] += seeds
    }
    const cells = won.map((row, i) => row.map((count, j) => (i === j || met[i][j] === 0 ? null : count / met[i][j])))
    const counts = met.flatMap((row, i) => row.filter((count, j) => i < j && count > 0))
    const shownNames = names.map(shown.nameOf)
    const said = `paired seeds in which the row has the better ${primaryText(shown)} than the column (%)`
    const seeds = seedsText(counts).replace('seeds', 'paired seeds')
    return {
      matrix: {
        rows: shownNames,
        columns: shownNames,
        cells,
        max: 1,
        format: (value) => String(Math.round(100 * value)),
        note: `${said}, ${seeds}`,
        columnTitle: '',
      },
      caption: sentences(
        `${said}; ${seeds} per pair, summed over data sets and factor levels; ties count for neither`,
        oracleNote(shown, names),
      ),
      table: {
        columns: ['strategy', 'against', 'wins', 'seeds'],
        rows: names.flatMap((a, i) => names.flatMap((b, j) => (i === j || met[i][j] === 0 ? [] : [[a, b, won[i][j], met[i][j]]]))),
      },
    }
  },
)

function penaltyFigure(title: string, kind: 'exact' | 'corrected', rule: string): Figure {
  return matrixFigure(
    title,
    (shown) => penaltyComparison(visibleResults(shown), { metric: shown.metric, baseline: shown.baseline })[kind],
    ({ strategies, settings }, shown) => {
      if (shown.results.runs.every(({ strategy }) => strategy !== shown.baseline))
        return `The checkpoints follow the baseline, and ${shown.baseline} is not in these results.`
      if (strategies.length < 2) return `No finished strategy can be compared with the baseline ${shown.baseline}.`
      if (settings.every(({ checkpoints }) => checkpoints.length === 0))
        return `The baseline ${shown.baseline} is above 99 % of its final value from the start: there is no checkpoint.`
      return shown.results.runs.every(({ seed }) => seed === 0) ? 'One seed has no t-test: run at least two, better five.' : null
    },
    ({ strategies, matrix, columnMeans, settings }, shown) => {
      const kept = strategies.flatMap((name, index) => (shown.visible(memberOf(shown, name).strategy) ? [index] : []))
      const names = kept.map((index) => memberOf(shown, strategies[index]).name)
      const counted = settings.filter(({ checkpoints }) => checkpoints.length > 0).length
      const said = `how much the row beats the column, 0 to ${counted}`
      return {
        matrix: {
          rows: [...names, 'column mean'],
          columns: names,
          cells: [...kept.map((i) => kept.map((j) => (i === j ? null : matrix[i][j]))), kept.map((j) => columnMeans[j])],
          max: counted,
          format: (value) => value.toFixed(2),
          note: `${said} (${counted === 1 ? 'one setting' : 'one per setting'}); a low column mean is good`,
          columnTitle: '',
        },
        caption: sentences(
          `pairwise penalty matrix of ${metricTitle(shown.metric)}: ${said} (one per setting); ${rule}`,
          'column mean: how much a strategy is beaten, lower is better',
          oracleNote(
            shown,
            kept.map((index) => memberOf(shown, strategies[index]).strategy),
          ),
        ),
        table: {
          columns: ['strategy', 'against', 'penalty'],
          rows: [
            ...kept.flatMap((i) => kept.flatMap((j) => (i === j ? [] : [[strategies[i], strategies[j], matrix[i][j]]]))),
            ...kept.map((j) => ['column mean', strategies[j], columnMeans[j]]),
          ],
        },
      }
    },
  )
}

export const penalty = penaltyFigure(
  'Penalty matrix (BADGE)',
  'exact',
  'a checkpoint counts when the paired t-test over the first 5 seeds has p < 0.05, not corrected (Ash et al. 2020)',
)

export const penaltyCorrected = penaltyFigure(
  'Penalty matrix, corrected',
  'corrected',
  'a checkpoint counts when the paired t-test over all seeds has p < 0.05 after Holm’s correction within the setting',
)
