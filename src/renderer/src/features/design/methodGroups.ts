import type { CatalogEntry } from '@engine/study/catalog'

/** Methods by what they go by, in the order a reader of surveys expects. */
const groups: readonly (readonly [title: string, ids: readonly string[]])[] = [
  ['Baselines', ['random', 'full-data']],
  ['Uncertainty of the prediction', ['entropy', 'least-confidence', 'margin', 'variation-ratio', 'bald', 'cal']],
  ['Size of the gradient', ['entropy-gradnorm', 'egl', 'fisher-trace', 'acquisition']],
  ['Predicted loss', ['lplgrad', 'learning-loss']],
  ['Direction of the gradient, influence', ['alignment', 'less', 'trak']],
  ['Uncertain and diverse', ['badge', 'alfa-mix']],
  ['Coverage, first labels', ['core-set', 'kmeans', 'typiclust', 'probcover']],
  ['Made of other methods', ['schedule', 'albl']],
  ['By a proxy, for pre-trained models', ['svp', 'svpp', 'asvp']],
  ['Your own', ['external', 'replay']],
]

export interface MethodGroup {
  readonly title: string
  readonly methods: readonly CatalogEntry[]
}

/** The catalog in groups, without those that do not fit all words of `text`; what no group names comes last. */
export function methodGroups(catalog: ReadonlyMap<string, CatalogEntry>, text = ''): MethodGroup[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const named = new Set(groups.flatMap(([, ids]) => ids))
  const rest = [...catalog.keys()].filter((id) => !named.has(id))
  return [...groups, ['Other', rest] as const].flatMap(([title, ids]) => {
    const methods = ids.flatMap((id) => catalog.get(id) ?? [])
    const fitting = methods.filter((method) => {
      const all = [title, method.id, method.title, method.summary, ...method.sources.map(({ authors, year }) => `${authors} ${year}`)]
      return words.every((word) => all.join(' ').toLowerCase().includes(word))
    })
    return fitting.length > 0 ? [{ title, methods: fitting }] : []
  })
}
