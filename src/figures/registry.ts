import type { Figure } from './figure'
import { atBudgetFigure } from './atBudget'
import { calibration, classEntropy, diversity, diversityCumulative, overlap, overlapSpearman } from './dynamicsFigures'
import { learningCurves, pairedDifferences } from './learningFigures'

/** Every figure by its id, in the order of lists; ids name files too. */
export const figures = {
  'learning-curves': learningCurves,
  'paired-difference': pairedDifferences,
  'at-budget': atBudgetFigure,
  diversity,
  'diversity-cumulative': diversityCumulative,
  'class-entropy': classEntropy,
  overlap,
  'overlap-spearman': overlapSpearman,
  calibration,
} as const satisfies Readonly<Record<string, Figure>>

export type FigureId = keyof typeof figures

export const figureIds = Object.keys(figures) as FigureId[]
