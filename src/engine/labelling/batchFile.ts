import { utf8ToBytes } from '@noble/hashes/utils.js'
import { csvFormatRow } from 'd3-dsv'
import { writeNpy } from '../data/npy'
import type { AskedSample } from './history'

export const batchFormats = ['csv', 'json', 'npy'] as const
export type BatchFormat = (typeof batchFormats)[number]

/**
 * A batch as a file: CSV (`order,row,score,predicted,confidence,label`) and JSON leave the label to be filled in and can be imported
 * again; `.npy` has the rows alone, as int32 in the order of choice. `texts`: the words of the samples, for sets of texts.
 */
export function batchFile(
  samples: readonly AskedSample[],
  classes: readonly string[],
  format: BatchFormat,
  texts?: readonly string[],
): Uint8Array {
  if (format === 'npy')
    return writeNpy(
      Int32Array.from(samples, ({ row }) => row),
      [samples.length],
    )
  const named = samples.map(({ predicted, ...sample }, order) => ({
    order,
    ...sample,
    predicted: predicted === null ? null : classes[predicted],
    label: null,
    ...(texts === undefined ? {} : { text: texts[order] }),
  }))
  if (format === 'json')
    return utf8ToBytes(`${JSON.stringify({ classes, rows: samples.map(({ row }) => row), samples: named }, null, 2)}\n`)
  const lines = named.map(({ order, row, score, predicted, confidence, text }) =>
    [order, row, score, predicted, confidence, '', ...(text === undefined ? [] : [text])].map((cell) => String(cell ?? '')),
  )
  const header = ['order', 'row', 'score', 'predicted', 'confidence', 'label', ...(texts === undefined ? [] : ['text'])]
  return utf8ToBytes([header, ...lines].map((cells) => `${csvFormatRow(cells)}\n`).join(''))
}

/** All labels of a session: CSV (`row,label`), JSON, or `.npy` with the class number of every row of the data set, −1 where unknown. */
export function labelsFile(labels: ReadonlyMap<number, number>, classes: readonly string[], rows: number, format: BatchFormat): Uint8Array {
  const ordered = [...labels].sort(([a], [b]) => a - b)
  if (format === 'npy') {
    const all = new Int32Array(rows).fill(-1)
    for (const [row, label] of ordered) all[row] = label
    return writeNpy(all, [rows])
  }
  if (format === 'json') return utf8ToBytes(`${JSON.stringify(ordered.map(([row, label]) => ({ row, label: classes[label] })))}\n`)
  return utf8ToBytes(`row,label\n${ordered.map(([row, label]) => `${csvFormatRow([String(row), classes[label]])}\n`).join('')}`)
}
