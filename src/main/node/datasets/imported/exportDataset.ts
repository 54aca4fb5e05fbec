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
import { mostSavedBytes, savedBytes } from '@contract/storage'
import { withFile } from '../../errors'
import { npyHeader, storages } from '../importing/poolWriter'
import { measure } from '../library'

/**
 * Writes a set as one file: `.npz` (`x_train`, `y_train`, `x_test`, `y_test`, `class_names`; read back bit for bit) or, for rows of
 * plain values, `.csv` with the columns' names, `label` and `split`. The file appears when it is whole.
 */
export async function exportDataset(dataset: Dataset, file: string, valueNames: readonly string[]): Promise<void> {
  const pieces = piecesOf(dataset, /\.csv$/i.test(file) ? 'csv' : 'npz', valueNames)
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

/** The file that `exportDataset` writes, in memory; refuses sets beyond `mostSavedBytes`. */
export function datasetBytes(dataset: Dataset, format: 'npz' | 'csv', valueNames: readonly string[]): Uint8Array {
  const bytes = savedBytes(measure(dataset).bytes, format)
  if (bytes > mostSavedBytes)
    throw unsupported(`${dataset.id} is too large to go through a window`, {
      found: `${Math.round(bytes / 1e6)} MB`,
      expected: `at most ${Math.round(mostSavedBytes / 1e6)} MB; on the command line, querent datasets export ${dataset.id} --out ${dataset.id}.${format} writes sets of any size`,
    })
  return Buffer.concat(
    Array.from(piecesOf(dataset, format, valueNames), (piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)),
  )
}

function piecesOf(dataset: Dataset, format: 'npz' | 'csv', valueNames: readonly string[]): Generator<Uint8Array | string> {
  if (format === 'npz') return npzBytes(dataset)
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
