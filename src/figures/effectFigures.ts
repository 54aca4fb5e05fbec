import {
  factorTitle,
  interactions,
  levelTitle,
  mainEffects,
  metricInfo,
  metricTitle,
  signed,
  type Change,
  type EffectRow,
} from '@engine/analysis'
import type { ResultSet } from '@engine/study/results'
import { intervalText, oracleNote, seedsText, sentences } from './captions'
import type { Figure, FigureChoices } from './figure'
import { mostPanels, tooManyPanels } from './linesFigure'
import { colorOf, figureInk, type Theme } from './palette'
import { rangesHeight, rangesOption, type RangeAxis, type RangePanel } from './rangeChart'
import { remembered } from './remembered'
import { shownOf, visibleResults, type Shown } from './shown'

const pathTitle = (path: string): string => (path === 'strategy' ? 'Strategy' : factorTitle(path))

const changeText = (shown: Shown, { path, level, reference }: Change): string =>
  path === 'strategy'
    ? `${shown.nameOf(String(level))} − ${shown.nameOf(String(reference))}`
    : `${levelTitle(path, level)} − ${levelTitle(path, reference)}`

interface EffectKind {
  readonly title: string
  readonly rows: (results: ResultSet, shown: Shown) => readonly EffectRow[]
  readonly says: string
  readonly nothing: string
}

const visibleRows = (kind: EffectKind, shown: Shown): EffectRow[] =>
  kind
    .rows(visibleResults(shown), shown)
    .filter(({ strategy, changes }) =>
      [strategy, ...changes.map(({ path, level }) => (path === 'strategy' ? String(level) : null))].every(
        (name) => name === null || shown.visible(name),
      ),
    )

/** One panel per data set and factor, or pair of factors. */
function panelsOf(rows: readonly EffectRow[], shown: Shown, theme: Theme): RangePanel[] {
  const { percent } = metricInfo[shown.metric]
  const [scale, digits] = percent ? [100, 1] : [1, 3]
  const datasets = new Set(rows.map(({ dataset }) => dataset))
  const panels = new Map<string, EffectRow[]>()
  for (const row of rows) {
    const title = [datasets.size > 1 ? row.dataset : '', row.changes.map(({ path }) => pathTitle(path)).join(' × ')]
      .filter(Boolean)
      .join(', ')
    panels.set(title, [...(panels.get(title) ?? []), row])
  }
  return [...panels].map(([title, own]) => ({
    title,
    rows: own.map((row) => {
      const style = row.strategy === null ? null : shown.styles.get(row.strategy)!
      const texts = row.changes.map((one) => changeText(shown, one))
      const change = texts.length > 1 ? texts.map((text) => `(${text})`).join(' × ') : texts[0]
      const [lo, hi] = row.lo === null || row.hi === null ? [null, null] : [row.lo * scale, row.hi * scale]
      return {
        strategy: row.strategy,
        name: row.strategy === null ? change : `${change}, ${shown.nameOf(row.strategy)}`,
        style,
        color: style ? colorOf(style, theme) : figureInk[theme].text,
        value: row.mean * scale,
        lo,
        hi,
        text: signed(row.mean * scale, digits) + (lo === null ? '' : ` [${signed(lo, digits)}, ${signed(hi, digits)}]`),
      }
    }),
  }))
}

function quantityOf(kind: EffectKind, { results, metric }: Shown): string {
  const { percent, label } = metricInfo[metric]
  return `${kind.says} in ${results.stats.primary === 'aubc' ? `AUBC of ${label}` : `final ${label}`}${percent ? ' (points)' : ''}`
}

const axisOf = (kind: EffectKind, shown: Shown, rows: readonly EffectRow[]): RangeAxis => ({
  title: [
    quantityOf(kind, shown),
    seedsText(rows.map(({ seeds }) => seeds)),
    rows.some(({ lo }) => lo !== null) ? intervalText(shown.results) : '',
  ]
    .filter(Boolean)
    .join(', '),
  zero: true,
  bars: false,
})

function effectFigure(kind: EffectKind): Figure {
  const rowsOf = remembered((results, choices: FigureChoices) => visibleRows(kind, shownOf(results, choices)))
  const prepare = (results: ResultSet, choices: FigureChoices, theme: Theme) => {
    const shown = shownOf(results, choices)
    const rows = rowsOf(results, choices)
    return { shown, rows, panels: panelsOf(rows, shown, theme) }
  }
  return {
    title: kind.title,
    compute: rowsOf,
    adopt: (results, choices, data) => rowsOf.adopt(results, choices, data as EffectRow[]),
    needs: (results, choices) => {
      if (results.factors.length === 0) return 'The study has no factors: name fields to vary under `ablate`.'
      const { panels } = prepare(results, choices, 'paper')
      if (panels.length === 0) return kind.nothing
      return panels.length > mostPanels ? tooManyPanels(panels.length) : null
    },
    height: (results, choices, box) => {
      const { shown, rows, panels } = prepare(results, choices, box.theme)
      return rangesHeight(panels, axisOf(kind, shown, rows), box)
    },
    build: (results, choices, box) => {
      const { shown, rows, panels } = prepare(results, choices, box.theme)
      const quantity = quantityOf(kind, shown)
      const seeds = seedsText(rows.map((row) => row.seeds))
      const banded = rows.some(({ lo }) => lo !== null)
      return {
        option: rangesOption(panels, axisOf(kind, shown, rows), box),
        caption: sentences(
          `${quantity}, paired by seed over everything else that was varied, ${seeds}`,
          banded ? `whiskers: ${intervalText(results)}, not corrected for the number of rows` : 'no whiskers: one seed has no spread',
          `runs that a factor cannot change stay out`,
          oracleNote(
            shown,
            rows.flatMap(({ strategy }) => strategy ?? []),
          ),
        ),
        table: {
          columns: [
            'dataset',
            'strategy',
            'factor',
            'level',
            'reference',
            'factor_2',
            'level_2',
            'reference_2',
            'metric',
            'seeds',
            'cells',
            'mean',
            'lo',
            'hi',
            'p',
            'effect_size',
          ],
          rows: rows.map(({ dataset, strategy, changes: [first, second], seeds: n, cells, mean, lo, hi, p, effectSize }) => [
            dataset,
            strategy ?? '',
            ...[first, second].flatMap((change) =>
              change === undefined
                ? ['', '', '']
                : [change.path, levelTitle(change.path, change.level), levelTitle(change.path, change.reference)],
            ),
            metricTitle(shown.metric),
            n,
            cells,
            mean,
            lo,
            hi,
            p,
            effectSize,
          ]),
        },
      }
    },
  }
}

export const effects = effectFigure({
  title: 'Ablation: main effects',
  rows: (results, { metric }) => mainEffects(results, metric),
  says: 'difference',
  nothing: 'No finished runs differ in a factor and share everything else.',
})

export const interactionEffects = effectFigure({
  title: 'Ablation: interactions',
  rows: (results, { metric }) => interactions(results, metric),
  says: 'difference of differences',
  nothing: 'An interaction needs two factors, or a factor that changes the baseline too, with finished runs in all four corners.',
})
