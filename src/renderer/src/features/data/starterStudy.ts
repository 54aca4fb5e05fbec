import type { DatasetInfo } from '@contract/types'

/** A first study on a data set; `split` is a file of row numbers. */
export function starterStudy(set: DatasetInfo, split?: string): string {
  const initial = Math.max(2 * set.classes, 10)
  return [
    `study: ${set.id}-study`,
    `dataset: ${set.id}`,
    ...(split === undefined ? [] : [`data: { split: ${JSON.stringify(split)} }`]),
    `protocol: { seeds: 5, initial: ${initial}, query: ${initial}, rounds: 8 }`,
    'strategies:',
    '  - random',
    '  - margin',
    '',
  ].join('\n')
}
