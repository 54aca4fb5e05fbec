import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { FloatArray } from '@engine/core/matrix'
import type { Memories } from '@engine/study/events'
import { withFile } from '../errors'
import { readIfThere, writeAtomic } from './files'

interface Header {
  readonly type: 'float32' | 'float64'
  readonly lengths: readonly number[]
  /** method, name and length of each array that methods keep, in float64 */
  readonly memories?: readonly (readonly [string, string, number])[]
}

/** What a round leaves to the next one. */
export interface RoundState {
  /** none when the next round starts afresh */
  readonly weights: readonly FloatArray[]
  readonly memories: Memories
}

const fileOf = (folder: string, round: number): string => join(folder, `weights-${round}.bin`)
const roundOf = (name: string): number | null => {
  const match = /^weights-(\d+)\.bin$/.exec(name)
  return match === null ? null : Number(match[1])
}

/**
 * Weights after a round and what methods keep, as one line of JSON and the raw numbers. The round before stays: its record is stored already, this
 * round's is not, and a crash now must find the state of whichever round was stored last.
 */
export async function writeState(folder: string, round: number, { weights, memories }: RoundState): Promise<void> {
  const kept = Object.entries(memories).flatMap(([method, arrays]) =>
    Object.entries(arrays).map(([name, array]) => ({ about: [method, name, array.length] as const, array })),
  )
  const header: Header = {
    type: weights[0] instanceof Float64Array ? 'float64' : 'float32',
    lengths: weights.map(({ length }) => length),
    memories: kept.map(({ about }) => about),
  }
  const parts = [...weights, ...kept.map(({ array }) => array)].map(
    (array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
  )
  await writeAtomic(fileOf(folder, round), Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...parts]))
  await removeStates(folder, (other) => other < round - 1)
}

/** What a round left, or null when it is not there or not whole. */
export async function readState(folder: string, round: number): Promise<RoundState | null> {
  const bytes = await readIfThere(fileOf(folder, round))
  if (bytes === null) return null
  try {
    const start = bytes.indexOf(10) + 1
    const { type, lengths, memories = [] } = JSON.parse(bytes.toString('utf8', 0, start)) as Header
    const ArrayType = type === 'float64' ? Float64Array : Float32Array
    const size = sum(lengths) * ArrayType.BYTES_PER_ELEMENT
    const kept = sum(memories.map(([, , length]) => length)) * Float64Array.BYTES_PER_ELEMENT
    if (bytes.length - start !== size + kept) return null
    // Copies: the file's numbers start anywhere.
    const weights = new ArrayType(new Uint8Array(bytes.subarray(start, start + size)).buffer)
    const arrays = new Float64Array(new Uint8Array(bytes.subarray(start + size)).buffer)
    let offset = 0
    const found: Record<string, Record<string, Float64Array>> = {}
    for (const [method, name, length] of memories) (found[method] ??= {})[name] = arrays.slice(offset, (offset += length))
    offset = 0
    return { weights: lengths.map((length) => weights.slice(offset, (offset += length))), memories: found }
  } catch {
    return null
  }
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

export const removeStates = (folder: string, which: (round: number) => boolean = () => true): Promise<void> =>
  withFile(folder, async () => {
    for (const name of await readdir(folder)) {
      const round = roundOf(name)
      if (round !== null && which(round)) await rm(join(folder, name), { force: true })
    }
  })
