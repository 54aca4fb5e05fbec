import { randomBytes } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { badInput, QuerentError } from '@engine/core/errors'
import { checkChunk, checkRow, type FeatureSource, type FeatureTarget } from '@engine/data/features'
import { readNpyHeader } from '@engine/data/npy'
import { toQuerentError } from '../errors'
import { findKey, folderOf, valuesFile, type StoredFeatures } from './store'
import { sha256Of } from './writer'

/** Features on disk, read where they are asked for; `dispose` closes the file. */
export interface OpenFeatures extends FeatureSource {
  dispose(): void
}

/** SHA-256 (hex) of a file that messages call `name`. */
type HashOf = (file: string, name: string) => Promise<string>

/** The features of a key whose values are still the bytes that were stored; undefined when they are not there, or damaged. */
export async function findIntact(store: string, key: string, hashOf: HashOf = sha256Of): Promise<StoredFeatures | undefined> {
  const stored = await findKey(store, key)
  return stored !== undefined && (await isIntact(store, stored, hashOf)) ? stored : undefined
}

/** Whether the values of stored features are still the bytes that were stored. */
export async function isIntact(store: string, { key, sha256, name }: StoredFeatures, hashOf: HashOf): Promise<boolean> {
  return (await hashOf(valuesFile(folderOf(store, key)), name).catch(() => null)) === sha256
}

const headBytes = 4096

/** Opens stored features; refuses a file that is not as its facts say. */
export function openFeatures(store: string, facts: StoredFeatures): OpenFeatures {
  const { rows, width, forwardMs } = facts
  const file = valuesFile(folderOf(store, facts.key))
  const handle = opened(file, 'r')
  try {
    const head = new Uint8Array(headBytes)
    readSync(handle, head, 0, headBytes, 0)
    const { descr, shape, start } = readNpyHeader(head, file)
    const bytes = start + rows * width * 4
    if (descr !== '<f4' || shape[0] !== rows || shape[1] !== width || fstatSync(handle).size !== bytes)
      throw badInput(`the stored features "${facts.name}" are damaged; remove them and make them again`, {
        file,
        found: `${shape.join('×')} ${descr}, ${fstatSync(handle).size} bytes`,
        expected: `${rows}×${width} <f4, ${bytes} bytes`,
      })
    return {
      rows,
      width,
      forwardMs,
      source: facts.source,
      read: (wanted) => readRows(handle, file, start, wanted, rows, width),
      dispose: () => closeSync(handle),
    }
  } catch (error) {
    closeSync(handle)
    throw toQuerentError(error, file)
  }
}

/**
 * Room on disk for features that a run makes itself. The file has no name from the start, so that it goes with the process,
 * however that ends.
 */
export function temporaryFeatures(folder: string, rows: number, width: number): FeatureTarget {
  const file = join(folder, `features-${randomBytes(6).toString('hex')}.tmp`)
  const handle = opened(file, 'wx+')
  rmSync(file)
  return {
    rows,
    width,
    source: 'features of this run',
    forwardMs: 0,
    read: (wanted) => readRows(handle, file, 0, wanted, rows, width),
    write: (first, values) => {
      checkChunk(first, values.length, rows, width, file)
      writeAll(handle, file, new Uint8Array(values.buffer, values.byteOffset, values.byteLength), first * width * 4)
    },
    dispose: () => closeSync(handle),
  }
}

function opened(file: string, flags: string): number {
  try {
    return openSync(file, flags)
  } catch (error) {
    throw toQuerentError(error, file)
  }
}

/** Neighbouring rows are read at once, straight into the result. */
function readRows(
  handle: number,
  file: string,
  start: number,
  wanted: Int32Array,
  rows: number,
  width: number,
): ReturnType<FeatureSource['read']> {
  const data = new Float32Array(wanted.length * width)
  const bytes = new Uint8Array(data.buffer)
  const rowBytes = width * 4
  let at = 0
  while (at < wanted.length) {
    const first = wanted[at]
    checkRow(first, rows, file)
    let end = at + 1
    while (end < wanted.length && wanted[end] === first + end - at && wanted[end] < rows) end++
    readAll(handle, file, bytes.subarray(at * rowBytes, end * rowBytes), start + first * rowBytes)
    at = end
  }
  return { data, rows: wanted.length, cols: width }
}

const mostAtOnce = 1 << 30 // one call moves at most 2 GB

function readAll(handle: number, file: string, into: Uint8Array, from: number): void {
  for (let at = 0; at < into.length;) {
    const count = readSync(handle, into, at, Math.min(mostAtOnce, into.length - at), from + at)
    if (count === 0) throw new QuerentError('internal', `${file}: the features end before byte ${from + into.length}`, { file })
    at += count
  }
}

function writeAll(handle: number, file: string, bytes: Uint8Array, to: number): void {
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at, Math.min(mostAtOnce, bytes.length - at), to + at)
  } catch (error) {
    throw toQuerentError(error, file)
  }
}
