import { spreadNames } from '../metrics/spread'

export const spreadTitles: Readonly<Record<(typeof spreadNames)[number], string>> = {
  mean_pairwise_distance: 'pair distance',
  centroid_distance: 'distance to centre',
  min_nearest_neighbour: 'closest pair',
  mean_nearest_neighbour: 'nearest neighbour',
  log_det: 'log-determinant',
  vendi: 'Vendi score',
  redundancy: 'redundancy',
  coverage_radius: 'coverage radius',
  coverage_at_delta: 'covered within δ',
  class_entropy: 'class entropy',
}

const titles: Readonly<Record<string, string>> = {
  auxiliary_loss: 'auxiliary loss',
  picked_loss: 'true loss of the batch',
  score_loss_spearman: 'rank correlation of score and true loss',
  predicted_loss_spearman: 'rank correlation of predicted and true loss',
  proxy_train_loss: 'training loss of the proxy',
  proxy_train_accuracy: 'training accuracy of the proxy',
  proxy_steps: 'training steps of the proxy',
  candidates: 'candidates whose prediction changed',
  delta: 'radius δ',
  coverage: 'share of rows covered',
  target_norm: 'norm of the target gradient',
  target_nll: 'loss on the target rows',
  reward: 'reward of the last choice',
}

/** A key of diagnostics.csv in words; one that is not known keeps its own. */
export function diagnosticTitle(key: string): string {
  const part = /^(weight|chance)_\d+_(.+)$/.exec(key)
  if (part) return `${part[1]} of ${part[2]}`
  const [name, ...shadow] = key.split('.')
  const title = titles[name] ?? name.replaceAll('_', ' ')
  return shadow.length === 0 ? title : `${title}, ${shadow.join('.')}`
}

/** What a set of rows is like under one measure, and compared with random sets of the same size. */
export interface SpreadRow {
  readonly key: string
  readonly title: string
  readonly value: number
  readonly ratio: number | null
  /** standard deviations of random sets */
  readonly z: number | null
}

/** The measures of the newest batch, or of everything queried, that a round has. */
export const spreadRows = (diagnostics: Readonly<Record<string, number>>, of: 'batch' | 'cumulative'): SpreadRow[] =>
  spreadNames.flatMap((name) => {
    const key = `${of}.${name}`
    const value = diagnostics[key]
    if (value === undefined) return []
    return [{ key, title: spreadTitles[name], value, ratio: diagnostics[`${key}.ratio`] ?? null, z: diagnostics[`${key}.z`] ?? null }]
  })
