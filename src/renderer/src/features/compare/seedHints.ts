import { cellTitle } from '@engine/analysis/factorWords'
import type { SeedPlan } from '@engine/analysis/power'
import { plural } from '@/composables/format'

/** Beyond this a pair is as good as equal, and more seeds are no advice. */
const mostSeeds = 100

/** A pair that is not told apart yet and how many seeds would do it, the nearest first. */
export function seedHints(plans: readonly SeedPlan[], alpha = 0.05): string[] {
  return plans
    .filter(({ pair, more }) => more !== null && more > 0 && more <= mostSeeds && !(pair.pAdjusted !== null && pair.pAdjusted < alpha))
    .sort((a, b) => a.more! - b.more!)
    .map(({ pair, more }) => {
      const cell = cellTitle(pair.factors)
      return `${plural(more!, 'more seed')} would resolve ${pair.a} vs ${pair.b}${cell && ` (${cell})`}`
    })
}
