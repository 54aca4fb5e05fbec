import type { FigureRequest } from '@contract/commands'
import { factorLevels, factorText } from '@engine/analysis'
import { badInput, nearestName } from '@engine/core/errors'
import type { ResultSet } from '@engine/study/results'
import type { FigureChoices } from './figure'
import type { NamedStrategy } from './palette'
import { figureIds, type FigureId } from './registry'

/** The figure that a request names and what it shows; `strategies` are all of the study, because styles belong to names. */
export function requestedFigure(
  { figure, dataset, metric, band, baseline, hidden, facet, budget, prices, split }: FigureRequest,
  results: ResultSet,
  strategies: readonly NamedStrategy[],
): { readonly id: FigureId; readonly choices: FigureChoices } {
  const named = band === 'paired-difference' && figure === 'learning-curves' ? 'paired-difference' : figure
  const id = figureIds.find((one) => one === named)
  if (id === undefined)
    throw badInput(`there is no figure "${figure}"`, {
      found: figure,
      expected: figureIds.join(' · '),
      nearest: nearestName(figure, figureIds),
    })
  const levels = Object.entries(facet).map(
    ([path, text]) => [path, factorLevels(results, path).find((level) => factorText(level) === text) ?? null] as const,
  )
  return {
    id,
    choices: {
      strategies,
      dataset,
      metric,
      baseline,
      hidden,
      ...(budget === undefined ? {} : { budget }),
      ...(prices === undefined ? {} : { prices }),
      ...(split === undefined ? {} : { panels: split === 'none' ? false : [split] }),
      facet: Object.fromEntries(levels),
      band: band === 'none' || band === 'traces' ? band : 'interval',
    },
  }
}
