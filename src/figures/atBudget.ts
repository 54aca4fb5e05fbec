import { atBudget, cellTitle, factorText, metricInfo, metricTitle, wasEvaluated, type BudgetRow } from '@engine/analysis'
import type { ResultSet } from '@engine/study/results'
import { intervalText, oracleNote, seedsText, sentences } from './captions'
import { mostPanels, tooManyPanels } from './linesFigure'
import type { Figure, FigureBox, FigureChoices } from './figure'
import { colorOf } from './palette'
import { rangesHeight, rangesOption, type RangeAxis, type RangePanel } from './rangeChart'
import { remembered } from './remembered'
import { shownOf, type Shown } from './shown'

/** The largest budget that every strategy has reached with some seed; null before any has. */
export function sharedBudget(results: ResultSet): number | null {
  const reached = new Map<string, Set<number>>()
  for (const { dataset, strategy, records } of results.runs) {
    if (results.lines.includes(strategy)) continue
    const key = JSON.stringify([dataset, strategy])
    reached.set(key, new Set([...(reached.get(key) ?? []), ...records.filter(wasEvaluated).map(({ labeled }) => labeled)]))
  }
  const [first, ...others] = reached.values()
  const shared = [...(first ?? [])].filter((labels) => others.every((budgets) => budgets.has(labels)))
  return shared.length > 0 ? Math.max(...shared) : null
}

interface BudgetPanel {
  readonly title: string
  readonly rows: readonly BudgetRow[]
}

interface BudgetPanels {
  readonly budget: number | null
  readonly panels: readonly BudgetPanel[]
}

const panelsOf = remembered((all, choices: FigureChoices): BudgetPanels => {
  const shown = shownOf(all, choices)
  const { results, metric, baseline } = shown
  const budget = choices.budget ?? sharedBudget(results)
  if (budget === null) return { budget, panels: [] }
  const { higherIsBetter } = metricInfo[metric]
  // its p-values are not shown: of the tests, the quickest
  const rows = atBudget({ ...results, stats: { ...results.stats, test: 'paired-t' } }, budget, { metric, baseline })
    .filter(({ strategy }) => shown.visible(strategy))
    .sort((a, b) => (higherIsBetter ? b.mean - a.mean : a.mean - b.mean))
  const datasets = choices.panels === false ? [] : [...new Set(results.runs.map(({ dataset }) => dataset))]
  const panels =
    datasets.length > 1
      ? datasets.map((dataset) => ({ title: dataset, rows: rows.filter((row) => row.dataset === dataset) }))
      : [{ title: '', rows }]
  return { budget, panels: panels.filter((panel) => panel.rows.length > 0) }
})

/** Rows with names; levels that the panel's title does not say are added where a strategy has several. */
function rangePanels(panels: readonly BudgetPanel[], shown: Shown, box: Pick<FigureBox, 'theme'>): RangePanel[] {
  const { percent } = metricInfo[shown.metric]
  const scale = percent ? 100 : 1
  const digits = percent ? 1 : 3
  return panels.map(({ title, rows }) => ({
    title,
    rows: rows.map((row) => {
      const style = shown.styles.get(row.strategy)!
      const several = rows.some((other) => other !== row && other.strategy === row.strategy)
      const [lo, hi] = row.lo === null || row.hi === null ? [null, null] : [row.lo * scale, row.hi * scale]
      return {
        strategy: row.strategy,
        name: shown.nameOf(row.strategy) + (several ? ` (${cellTitle(row.factors)})` : ''),
        style,
        color: colorOf(style, box.theme),
        value: row.mean * scale,
        lo,
        hi,
        text:
          (row.mean * scale).toFixed(digits) + (lo === null || panels.length > 1 ? '' : ` [${lo.toFixed(digits)}, ${hi.toFixed(digits)}]`),
      }
    }),
  }))
}

const titleOf = ({ metric }: Shown, budget: number | null): string => `${metricTitle(metric)} at ${budget} labelled samples`

function axisOf(results: ResultSet, choices: FigureChoices): RangeAxis {
  const shown = shownOf(results, choices)
  const { budget, panels } = panelsOf(results, choices)
  const rows = panels.flatMap((panel) => panel.rows)
  const seeds = seedsText(rows.filter(({ line }) => !line).map(({ n }) => n))
  const interval = rows.some(({ lo }) => lo !== null) ? intervalText(results) : ''
  return {
    title: [titleOf(shown, budget), seeds, interval].filter(Boolean).join(', '),
    bounds: metricInfo[shown.metric].percent ? [0, 100] : undefined,
    zero: false,
    bars: true,
  }
}

/** Every strategy at one budget, best first; bars where zero is on the axis, points alone where it would hide the differences. */
export const atBudgetFigure: Figure = {
  title: 'At one budget',
  compute: panelsOf,
  adopt: (results, choices, data) => panelsOf.adopt(results, choices, data as BudgetPanels),
  needs: (results, choices) => {
    const shown = shownOf(results, choices)
    const { budget, panels } = panelsOf(results, choices)
    if (budget === null) return 'There is no budget that all strategies have reached: choose one.'
    if (panels.length === 0) return `No run has a value of ${metricInfo[shown.metric].label} at ${budget} labels.`
    return panels.length > mostPanels ? tooManyPanels(panels.length) : null
  },
  height: (results, choices, box) => {
    const shown = shownOf(results, choices)
    const { panels } = panelsOf(results, choices)
    return rangesHeight(rangePanels(panels, shown, box), axisOf(results, choices), box)
  },
  build: (results, choices, box) => {
    const shown = shownOf(results, choices)
    const { budget, panels } = panelsOf(results, choices)
    const rows = [...new Set(panels.flatMap((panel) => panel.rows))]
    const seeds = seedsText(rows.filter(({ line }) => !line).map(({ n }) => n))
    const banded = rows.some(({ lo }) => lo !== null)
    return {
      option: rangesOption(rangePanels(panels, shown, box), axisOf(results, choices), box),
      caption: sentences(
        `${titleOf(shown, budget)}, mean over ${seeds || 'no seed'}, best first`,
        banded ? `whiskers: ${intervalText(results)}` : 'no whiskers: one seed has no spread',
        rows.some(({ line }) => line) ? 'full data at its last value' : '',
        oracleNote(
          shown,
          rows.map(({ strategy }) => strategy),
        ),
      ),
      table: {
        columns: [
          'dataset',
          'strategy',
          ...results.factors,
          'labeled',
          'mean',
          'lo',
          'hi',
          'seeds',
          'difference',
          'difference_lo',
          'difference_hi',
        ],
        rows: rows.map((row) => [
          row.dataset,
          row.strategy,
          ...results.factors.map((path) => factorText(row.factors[path])),
          budget,
          row.mean,
          row.lo,
          row.hi,
          row.n,
          row.difference?.mean ?? null,
          row.difference?.lo ?? null,
          row.difference?.hi ?? null,
        ]),
      },
    }
  },
}
