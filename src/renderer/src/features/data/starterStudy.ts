import type { DatasetInfo } from '@contract/types'

/** A first study on a data set; `split` is a file of row numbers. */
export function starterStudy(set: DatasetInfo, split?: string): string {
  const pool = set.testRows > 0 ? set.rows : 0.8 * set.rows
  // Small sets keep half of their rows unlabelled: at the end of a pool all strategies agree.
  const initial = Math.max(set.classes, Math.min(Math.max(2 * set.classes, 10), Math.floor(pool / 10)))
  const rounds = Math.max(1, Math.min(8, Math.floor(pool / 2 / initial) - 1))
  const data = split === undefined ? (set.testRows > 0 ? null : '{ test: 0.2 }') : `{ split: ${JSON.stringify(split)} }`
  return [
    `study: ${set.id}-study`,
    `dataset: ${set.id}`,
    ...(data === null ? [] : [`data: ${data}`]),
    `protocol: { seeds: 10, initial: ${initial}, initialSampling: stratified, query: ${initial}, rounds: ${rounds} }`,
    'strategies:',
    '  - random',
    '  - margin',
    '',
  ].join('\n')
}
