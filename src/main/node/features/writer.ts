import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readFile, rename, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from '@engine/core/zod'
import { QuerentError } from '@engine/core/errors'
import { writeNpy } from '@engine/data/npy'
import { withFile } from '../errors'
import { writeAtomic } from '../storage/files'
import { acquireLock } from '../storage/lock'
import { factsFile, folderOf, partFolder, valuesFile, type StoredFeatures } from './store'

/** What the making of features has got to; whatever else the file holds is not known to be on disk. */
const progressSchema = z.object({ rows: z.int().min(0), width: z.int().min(1), forwardMs: z.number().min(0) })

/** Features that are being written, row after row. */
export interface FeatureWriter {
  /** rows that are written, an interrupted attempt's included */
  readonly done: number
  /** Writes the next rows (n × width); `forwardMs` is what the network took for them. */
  append(values: Float32Array, width: number, forwardMs: number): Promise<void>
  /** Makes the features part of the store once all rows are there. */
  finish(
    facts: Omit<StoredFeatures, 'format' | 'key' | 'dtype' | 'rows' | 'width' | 'forwardMs' | 'sha256' | 'bytes'>,
  ): Promise<StoredFeatures>
  /** Gives the features up for now; what is written stays for the next attempt. */
  close(): Promise<void>
  /** Gives the features up for good. */
  discard(): Promise<void>
}

const flushBytes = 1 << 25
const flushMs = 2000

/**
 * Begins or continues the features of `key`. An attempt that was killed leaves whole rows up to its last flush (every 32 MB or 2 s);
 * the next one continues there. `fresh` starts over. Throws `locked` when another process makes the same features.
 */
export async function openFeatureWriter(store: string, key: string, rows: number, { fresh = false } = {}): Promise<FeatureWriter> {
  await withFile(store, () => mkdir(store, { recursive: true }))
  const lock = await acquireLock(join(store, `${key}.lock`), 'feature set')
  const folder = partFolder(store, key)
  const file = valuesFile(folder)
  const progressFile = join(folder, 'progress.json')
  let handle: FileHandle | null = null
  let [done, width, forwardMs, start] = [0, 0, 0, 0]
  try {
    if (fresh) await withFile(folder, () => rm(folder, { recursive: true, force: true }))
    await withFile(folder, () => mkdir(folder, { recursive: true }))
    const text = await readFile(progressFile, 'utf8').catch(() => null)
    const known = text === null ? null : progressSchema.safeParse(jsonOf(text))
    const opened = (handle = await withFile(file, () => open(file, known?.success ? 'r+' : 'w+')))
    if (known?.success) {
      ;({ rows: done, width, forwardMs } = known.data)
      start = head(rows, width).length
      const size = start + done * width * 4
      await withFile(file, async () => {
        if ((await opened.stat()).size < size) [done, width, forwardMs] = [0, 0, 0] // not what was promised: begin again
        await opened.truncate(width === 0 ? 0 : size)
      })
    }
  } catch (error) {
    await handle?.close()
    await lock.release()
    throw error
  }
  const target = handle
  let flushed = done
  let flushedAt = performance.now()
  let closed = false

  const flush = (): Promise<void> =>
    withFile(file, async () => {
      await target.datasync()
      await writeAtomic(progressFile, JSON.stringify({ rows: done, width, forwardMs }))
      flushed = done
      flushedAt = performance.now()
    })
  const end = async (): Promise<void> => {
    if (closed) return
    closed = true
    await target.close()
    await lock.release()
  }

  return {
    get done() {
      return done
    },
    append: async (values, newWidth, ms) => {
      const count = values.length / newWidth
      if (width > 0 && newWidth !== width)
        throw new QuerentError('internal', `features of ${newWidth} values after ones of ${width}`, { file })
      if (!Number.isInteger(count) || done + count > rows)
        throw new QuerentError('internal', `${done + count} rows of features for ${rows} rows of data`, { file })
      await withFile(file, async () => {
        if (width === 0) {
          const bytes = head(rows, newWidth)
          await writeAt(target, bytes, 0)
          ;[width, start] = [newWidth, bytes.length]
        }
        await writeAt(target, new Uint8Array(values.buffer, values.byteOffset, values.byteLength), start + done * width * 4)
      })
      done += count
      forwardMs += ms
      if ((done - flushed) * width * 4 >= flushBytes || performance.now() - flushedAt >= flushMs) await flush()
    },
    finish: async (facts) => {
      if (done !== rows) throw new QuerentError('internal', `${done} rows of features for ${rows} rows of data`, { file })
      await flush()
      const sha256 = await sha256Of(file)
      const bytes = start + rows * width * 4
      const stored: StoredFeatures = { format: 1, key, dtype: 'float32', rows, width, forwardMs, sha256, bytes, ...facts }
      await writeAtomic(factsFile(folder), `${JSON.stringify(stored, null, 2)}\n`)
      await target.close()
      closed = true
      const place = folderOf(store, key)
      await withFile(place, async () => {
        await rm(progressFile, { force: true })
        await rm(place, { recursive: true, force: true }) // damaged: it was not found
        await rename(folder, place)
      })
      await lock.release()
      return stored
    },
    close: async () => {
      if (closed) return
      if (width > 0) await flush().catch(() => undefined) // on a full disk the last flush stays
      await end()
    },
    discard: async () => {
      await end()
      await withFile(folder, () => rm(folder, { recursive: true, force: true }))
    },
  }
}

/** Streams a file through SHA-256 (hex). */
export const sha256Of = (file: string, name = file): Promise<string> =>
  withFile(name, async () => {
    const hash = createHash('sha256')
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Uint8Array)
    return hash.digest('hex')
  })

const head = (rows: number, width: number): Uint8Array => writeNpy(new Float32Array(0), [rows, width])

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}

async function writeAt(handle: FileHandle, bytes: Uint8Array, to: number): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at, bytes.length - at, to + at)).bytesWritten
}
