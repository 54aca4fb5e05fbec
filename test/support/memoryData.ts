import type { DatasetInfo } from '@contract/types'
import { randomFrom } from '@engine/core/random'
import type { Dataset, LabeledPool } from '@engine/data/dataset'

const words = 'offer meeting invoice lunch winner report free agenda prize notes budget holiday refund draft urgent'.split(' ')

/** Texts, series and colour pictures, which the library of the app does not have. */
export const otherKinds: readonly DatasetInfo[] = [
  { kind: 'text' as const, id: 'notes', title: 'Short notes', shape: [64], rows: 300, classes: 2 },
  { kind: 'series' as const, id: 'waves', title: 'Waves in three channels', shape: [3, 120], rows: 240, classes: 4 },
  { kind: 'image' as const, id: 'patches', title: 'Colour patches', shape: [3, 16, 16], rows: 900, classes: 40 },
].map((set) => ({
  ...set,
  testRows: 100,
  bytes: 4 * set.rows * set.shape.reduce((a, b) => a * b, 1),
  source: `${set.id}.npz`,
  licence: 'CC0 1.0',
  sha256: set.id.padEnd(64, '0'),
  available: true,
  imported: true,
}))

/** Rows like those that a description promises, each class in a pattern of its own. */
export function dataLike({ id, kind, shape, rows, testRows, classes, sha256 }: DatasetInfo): Dataset {
  const size = shape.reduce((a, b) => a * b, 1)
  const steps = shape.at(-1) ?? 1
  const isImage = kind === 'image'
  const pool = (count: number, name: string): LabeledPool => {
    const random = randomFrom(`${id} ${name}`)
    const data = isImage ? new Uint8Array(count * size) : new Float32Array(count * size)
    const labels = Int32Array.from({ length: count }, (_, row) => (row < classes ? row : random.int(classes)))
    for (let row = 0; row < count; row++)
      for (let j = 0; j < size; j++) {
        const wave = Math.sin(((1 + (labels[row] % 7)) * (j % steps)) / 9 + Math.floor(j / steps))
        data[row * size + j] = isImage ? 120 + 90 * wave + 20 * random.next() : wave + 0.2 * random.normal()
      }
    return { data, rows: count, shape, labels }
  }
  return {
    id,
    kind,
    classNames: Array.from({ length: classes }, (_, c) => `class ${c}`),
    train: pool(rows, 'train'),
    test: testRows > 0 ? pool(testRows, 'test') : null,
    valueRange: isImage ? 255 : null,
    sha256,
  }
}

/** The words of a row of `notes`. */
export function noteAt(row: number): string {
  const random = randomFrom(`note ${row}`)
  return Array.from({ length: 8 + random.int(60) }, () => words[random.int(words.length)]).join(' ')
}
