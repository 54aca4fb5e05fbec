import type { FigureTable } from '@figures/figure'
import type { ChartTable } from './chart'

/** A figure's numbers as the page shows them: four digits, a dash where nothing is defined. */
export const figureTable = ({ columns, rows }: FigureTable): ChartTable => ({
  columns,
  rows: rows.map((row) => row.map((cell) => (cell === null ? '–' : typeof cell === 'number' ? Number(cell.toPrecision(4)) : cell))),
})
