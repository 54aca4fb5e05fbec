import { atBudgetFigure } from './atBudget'
import { classShares } from './classBalance'
import { costFrontier } from './costFigure'
import { criticalDifferenceDiagram } from './criticalDifference'
import { calibration, classEntropy, diversity, diversityCumulative, overlap, overlapSpearman } from './dynamicsFigures'
import { effects, interactionEffects } from './effectFigures'
import type { Figure } from './figure'
import { learningCurves, pairedDifferences } from './learningFigures'
import { confidentRegions, featureLead, featureUpdates, trainingMethod } from './proxyFigures'
import { reliabilityOfQueries } from './reliability'
import { penalty, penaltyCorrected, wins } from './winFigures'

/** Every figure by its id, in the order of lists; ids name files too. */
export const figures = {
  'learning-curves': learningCurves,
  'paired-difference': pairedDifferences,
  'at-budget': atBudgetFigure,
  wins,
  penalty,
  'penalty-corrected': penaltyCorrected,
  'critical-difference': criticalDifferenceDiagram,
  'main-effects': effects,
  interactions: interactionEffects,
  cost: costFrontier,
  diversity,
  'diversity-cumulative': diversityCumulative,
  'class-entropy': classEntropy,
  classes: classShares,
  overlap,
  'overlap-spearman': overlapSpearman,
  'feature-lead': featureLead,
  'feature-updates': featureUpdates,
  tuning: trainingMethod,
  regions: confidentRegions,
  calibration,
  reliability: reliabilityOfQueries,
} as const satisfies Readonly<Record<string, Figure>>

export type FigureId = keyof typeof figures

export const figureIds = Object.keys(figures) as FigureId[]
