import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { csvFormatRow } from 'd3-dsv'
import { Zip, ZipPassThrough } from 'fflate'
import { unsupported } from '@engine/core/errors'
import type { Dataset, LabeledPool } from '@engine/data/dataset'
import { sampleSize } from '@engine/data/gather'
import { writeNpy } from '@engine/data/npy'
import { withFile } from '../../errors'
import { npyHeader, storages } from '../importing/poolWriter'

/**
 * Writes a set as one file: `.npz` (`x_train`, `y_train`, `x_test`, `y_test`, `class_names`; read back bit for bit) or, for rows of
 * plain values, `.csv` with the columns' names, `label` and `split`. The file appears when it is whole; `onProgress` hears 0 … 1.
 */
export async function exportDataset(
  dataset: Dataset,
  file: string,
  valueNames: readonly string[],
  onProgress: (done: number) => void = () => undefined,
): Promise<void> {
  const format = /\.csv$/i.test(file) ? 'csv' : 'npz'
  const pieces = counted(piecesOf(dataset, format, valueNames), pieceCount(dataset, format), onProgress)
  const temporary = `${file}.${process.pid}.tmp`
  await withFile(file, async () => {
    try {
      await pipeline(Readable.from(pieces), createWriteStream(temporary, { flags: 'wx' }))
      await rename(temporary, file)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  })
}

/** About how many pieces the file comes in. */
function pieceCount({ train, test }: Dataset, format: 'npz' | 'csv'): number {
  const pools = test === null ? [train] : [train, test]
  return pools.reduce((sum, { rows, data }) => sum + (format === 'csv' ? rows / rowsAtOnce : data.byteLength / pieceBytes), 1)
}

const toldEveryMs = 100

function* counted<T>(pieces: Iterable<T>, total: number, onProgress: (done: number) => void): Generator<T> {
  let count = 0
  let told = -Infinity
  for (const piece of pieces) {
    yield piece
    count++
    if (performance.now() - told < toldEveryMs) continue
    told = performance.now()
    onProgress(Math.min(1, count / total))
  }
}

function piecesOf(dataset: Dataset, format: 'npz' | 'csv', valueNames: readonly string[]): Generator<Uint8Array | string> {
  if (format === 'npz') {
    const [largest] = [dataset.train, dataset.test].map((pool) => pool?.data.byteLength ?? 0).sort((a, b) => b - a)
    if (largest < mostEntryBytes) return npzBytes(dataset)
    throw unsupported(`an array of ${largest} bytes does not fit into an .npz file as it is written here`, {
      found: `${largest} bytes`,
      expected: `less than ${mostEntryBytes} bytes; the library holds the arrays as .npy files`,
    })
  }
  if (dataset.train.shape.length !== 1)
    throw unsupported(`samples of ${dataset.train.shape.join('×')} values do not fit into a CSV file`, { expected: '.npz' })
  return csvText(dataset, valueNames)
}

const rowsAtOnce = 1000

function* csvText({ train, test, classNames }: Dataset, valueNames: readonly string[]): Generator<string> {
  const d = sampleSize(train)
  const names = Array.from({ length: d }, (_, j) => valueNames[j] ?? `x${j}`)
  yield `${csvFormatRow([...names, 'label', 'split'])}\n`
  for (const [pool, split] of [
    [train, 'train'],
    [test, 'test'],
  ] as const) {
    if (pool === null) continue
    let text = ''
    for (let i = 0; i < pool.rows; i++) {
      const values = Array.from(pool.data.subarray(i * d, (i + 1) * d), (value) =>
        Number.isNaN(value) ? '' : Object.is(value, -0) ? '-0' : String(value),
      )
      text += `${csvFormatRow([...values, classNames[pool.labels[i]] ?? '', split])}\n`
      if (i % rowsAtOnce === rowsAtOnce - 1) {
        yield text
        text = ''
      }
    }
    yield text
  }
}

const pieceBytes = 1 << 22
/** Where the sizes and places in a plain zip archive end. */
const mostEntryBytes = 2 ** 32 - 2 ** 24

/** A zip archive without compression, as `numpy.savez` writes it. */
function* npzBytes({ train, test, classNames }: Dataset): Generator<Uint8Array> {
  const ready: Uint8Array[] = []
  const zip = new Zip((error, bytes) => {
    if (error) throw error
    ready.push(bytes)
  })
  const add = function* (name: string, parts: Iterable<Uint8Array>): Generator<Uint8Array> {
    const entry = new ZipPassThrough(`${name}.npy`)
    entry.mtime = new Date(1980, 0, 1) // equal sets give equal files
    zip.add(entry)
    for (const part of parts) {
      entry.push(part)
      yield* ready.splice(0)
    }
    entry.push(new Uint8Array(0), true)
    yield* ready.splice(0)
  }
  for (const [pool, split] of [
    [train, 'train'],
    [test, 'test'],
  ] as const) {
    if (pool === null) continue
    yield* add(`x_${split}`, inputsOf(pool))
    yield* add(`y_${split}`, [writeNpy(pool.labels, [pool.rows])])
  }
  yield* add('class_names', [namesArray(classNames)])
  zip.end()
  yield* ready
}

function* inputsOf({ data, rows, shape }: LabeledPool): Generator<Uint8Array> {
  const storage = storages.find(({ type }) => data instanceof type) ?? storages[2]
  yield npyHeader(storage.descr, [rows, ...shape])
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

/** A `.npy` array of text, four bytes a character. */
function namesArray(names: readonly string[]): Uint8Array {
  const characters = names.map((name) => [...name])
  const width = Math.max(1, ...characters.map(({ length }) => length))
  const values = new Uint32Array(names.length * width)
  characters.forEach((name, i) => name.forEach((character, j) => (values[i * width + j] = character.codePointAt(0) ?? 0)))
  return Buffer.concat([npyHeader(`<U${width}`, [names.length]), Buffer.from(values.buffer)])
}
