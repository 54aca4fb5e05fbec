import { throwIfCancelled } from '../core/errors'
import type { Citation, ScoreFunction, Strategy } from './contract'
import { noRows, sourceOf, takeBest } from './query'

/** The strategy that queries the k highest scores (A§3). */
export function byScore<P>(
  score: ScoreFunction<P>,
  about: { readonly summary: string; readonly sources: readonly Citation[] },
): Strategy<P> {
  return {
    id: score.id,
    title: score.title,
    ...about,
    params: score.params,
    needs: (params) => score.needs(params),
    effective: (params) => score.effective?.(params) ?? (params as Readonly<Record<string, unknown>>),
    modelFree: false,
    async select(query, params) {
      throwIfCancelled(query.signal)
      if (query.pool.length === 0) return noRows
      return takeBest(query, await score.score(sourceOf(query), params))
    },
  }
}
