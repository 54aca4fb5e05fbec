import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { FloatArray } from '@engine/core/matrix'
import { withFile } from '../errors'
import { readIfThere, writeAtomic } from './files'

interface Header {
  readonly type: 'float32' | 'float64'
  readonly lengths: readonly number[]
}

const fileOf = (folder: string, round: number): string => join(folder, `weights-${round}.bin`)
const roundOf = (name: string): number | null => {
  const match = /^weights-(\d+)\.bin$/.exec(name)
  return match === null ? null : Number(match[1])
}

/**
 * Weights after a round, as one line of JSON and the raw numbers. The round before stays: its record is stored already, this
 * round's is not, and a crash now must find the weights of whichever round was stored last.
 */
export async function writeWeights(folder: string, round: number, weights: readonly FloatArray[]): Promise<void> {
  const header: Header = { type: weights[0] instanceof Float64Array ? 'float64' : 'float32', lengths: weights.map(({ length }) => length) }
  const parts = weights.map((array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
  await writeAtomic(fileOf(folder, round), Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...parts]))
  await removeWeights(folder, (other) => other < round - 1)
}

/** Weights of a round, or null when they are not there or not whole. */
export async function readWeights(folder: string, round: number): Promise<FloatArray[] | null> {
  const bytes = await readIfThere(fileOf(folder, round))
  if (bytes === null) return null
  try {
    const start = bytes.indexOf(10) + 1
    const { type, lengths } = JSON.parse(bytes.toString('utf8', 0, start)) as Header
    const ArrayType = type === 'float64' ? Float64Array : Float32Array
    const total = lengths.reduce((sum, length) => sum + length, 0)
    if (bytes.length - start !== total * ArrayType.BYTES_PER_ELEMENT) return null
    const all = new ArrayType(new Uint8Array(bytes.subarray(start)).buffer) // a copy: the file's numbers start anywhere
    let offset = 0
    return lengths.map((length) => all.slice(offset, (offset += length)))
  } catch {
    return null
  }
}

export const removeWeights = (folder: string, which: (round: number) => boolean = () => true): Promise<void> =>
  withFile(folder, async () => {
    for (const name of await readdir(folder)) {
      const round = roundOf(name)
      if (round !== null && which(round)) await rm(join(folder, name), { force: true })
    }
  })
