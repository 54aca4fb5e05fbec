import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { nonFiniteInput, placeOf, type NumericData } from '@engine/data/numericArray'
import { withFile } from '../../errors'

/** Storage types from narrow to wide; a set is kept in the narrowest that holds every value exactly. */
export const storages = [
  { type: Uint8Array, descr: '|u1', name: 'uint8' },
  { type: Float32Array, descr: '<f4', name: 'float32' },
  { type: Float64Array, descr: '<f8', name: 'float64' },
] as const

type Stored = Uint8Array | Float32Array | Float64Array

/** Bytes of the header of every array file we write: room for any shape, and values stay aligned. */
export const headerBytes = 192
const flushBytes = 1 << 22

/** Writes rows of numbers to a `.npy` file as they come, in a type that grows with the values. */
export interface PoolWriter {
  readonly rows: number
  /** index in `storages` */
  readonly storage: number
  readonly low: number
  readonly high: number
  /** values that are NaN */
  readonly missing: number
  /** Adds whole rows. Refuses infinities, and NaN unless the writer allows missing values. */
  append(data: NumericData): Promise<void>
  /** Widens to `storage`, writes the header and closes; the file is then complete. */
  finish(storage: number, shape: readonly number[]): Promise<void>
  discard(): Promise<void>
  /** Lets go of the file, finished or not. */
  close(): Promise<void>
}

export interface PoolOptions {
  readonly file: string
  /** shape of one sample */
  readonly shape: readonly number[]
  readonly name: string
  readonly allowMissing: boolean
}

export async function createPoolWriter({ file, shape, name, allowMissing }: PoolOptions): Promise<PoolWriter> {
  const size = shape.reduce((a, b) => a * b, 1)
  let handle = await withFile(file, () => open(file, 'wx+'))
  let storage = 0
  let low = Infinity
  let high = -Infinity
  let missing = 0
  let values = 0
  let pending: Uint8Array[] = []
  let pendingBytes = 0
  let at = headerBytes

  const flush = async (): Promise<void> => {
    const parts = pending
    pending = []
    pendingBytes = 0
    if (parts.length > 0) at += await writeAll(handle, file, parts, at)
  }
  const widen = async (to: number): Promise<void> => {
    await flush()
    const wide = `${file}.wide`
    const next = await withFile(wide, () => open(wide, 'wx+'))
    try {
      let out = headerBytes
      for (let from = headerBytes; from < at;) {
        const bytes = new Uint8Array(Math.min(flushBytes, at - from))
        await handle.read(bytes, 0, bytes.length, from)
        from += bytes.length
        const narrow = new storages[storage].type(bytes.buffer)
        out += await writeAll(next, wide, [bytesOf(new storages[to].type(narrow))], out)
      }
      at = out
    } catch (error) {
      await next.close()
      await rm(wide, { force: true })
      throw error
    }
    await handle.close()
    handle = next
    await withFile(file, () => rename(wide, file))
    storage = to
  }
  /** Ranges and storage of new values; throws for those that cannot be kept. */
  const look = (data: NumericData): number => {
    let needed = storage
    const isByte = data instanceof Uint8Array
    for (let i = 0; i < data.length; i++) {
      const value = data[i]
      if (value < low) low = value
      if (value > high) high = value
      if (isByte) continue
      if (value - value !== 0) {
        // NaN or infinite
        if (value === value || !allowMissing) throw nonFiniteInput(value, placeOf(values + i, [Infinity, ...shape]), name)
        missing++
        if (needed === 0) needed = 1
      } else if (needed === 0 && (value !== (value & 255) || Object.is(value, -0))) needed = 1
      if (needed === 1 && value === value && value !== Math.fround(value)) needed = 2
    }
    return needed
  }

  return {
    get rows() {
      return values / size
    },
    get storage() {
      return storage
    },
    get low() {
      return low
    },
    get high() {
      return high
    },
    get missing() {
      return missing
    },
    append: async (data) => {
      const missingBefore = missing
      const needed = look(data)
      if (needed > storage) {
        if (values === 0) storage = needed
        else await widen(needed)
      }
      values += data.length
      const bytes = bytesOf(toStored(data, storage, missing > missingBefore))
      pending.push(bytes)
      pendingBytes += bytes.length
      if (pendingBytes >= flushBytes) await flush()
    },
    finish: async (to, sample) => {
      if (to > storage) await widen(to)
      await flush()
      await writeAll(handle, file, [npyHeader(storages[storage].descr, [values / size, ...sample])], 0)
      await withFile(file, () => handle.sync())
      await handle.close()
    },
    close: () => handle.close(),
    discard: async () => {
      await handle.close().catch(() => undefined)
      await rm(file, { force: true })
    },
  }
}

/** A copy in the storage type; every NaN in the same bits, so that equal data has equal bytes. */
function toStored(data: NumericData, storage: number, hasMissing: boolean): Stored {
  const out = new storages[storage].type(data)
  if (hasMissing) for (let i = 0; i < out.length; i++) if (out[i] !== out[i]) out[i] = NaN
  return out
}

const bytesOf = (data: Stored): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

async function writeAll(handle: FileHandle, file: string, parts: Uint8Array[], at: number): Promise<number> {
  let written = 0
  await withFile(file, async () => {
    for (const part of parts) {
      for (let from = 0; from < part.length;) {
        const { bytesWritten } = await handle.write(part, from, part.length - from, at + written)
        from += bytesWritten
        written += bytesWritten
      }
    }
  })
  return written
}

/** A version 1 `.npy` header of `headerBytes` bytes. */
export function npyHeader(descr: string, shape: readonly number[]): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`
  const bytes = Buffer.alloc(headerBytes, 0x20)
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, (headerBytes - 10) & 0xff, (headerBytes - 10) >>> 8])
  bytes.write(text, 10, 'latin1')
  bytes[headerBytes - 1] = 0x0a
  return bytes
}
