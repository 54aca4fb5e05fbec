import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { badInput } from '@engine/core/errors'
import { toQuerentError, withFile } from '../../errors'
import { diskFile, type InputFile } from './inputFile'

/** A folder of temporary files with names of our own; gone after `dispose`. */
export interface Scratch {
  readonly folder: string
  /** path of a new file */
  newFile(): string
  dispose(): Promise<void>
}

/** Makes a work folder inside `parent` and clears those that dead processes left there. */
export async function createScratch(parent: string): Promise<Scratch> {
  const folder = join(parent, `${process.pid}-${randomBytes(6).toString('hex')}`)
  await withFile(folder, () => mkdir(folder, { recursive: true }))
  for (const name of await readdir(parent)) {
    const pid = Number(/^(\d+)-[0-9a-f]+$/.exec(name)?.[1])
    if (pid > 0 && !isAlive(pid)) await rm(join(parent, name), { recursive: true, force: true })
  }
  let files = 0
  return {
    folder,
    newFile: () => join(folder, String(files++)),
    dispose: () => rm(folder, { recursive: true, force: true }),
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Unpacked bytes that a packed file may have: real data seldom shrinks to a hundredth, bombs shrink to a thousandth. */
export const unpackedLimit = (packedBytes: number): number => Math.max(256 * 2 ** 20, 100 * packedBytes)

export const tooLarge = (name: string, packedBytes: number): Error =>
  badInput(`${name}: unpacks to more than ${unpackedLimit(packedBytes)} bytes; this may be a decompression bomb`, {
    file: name,
    found: `more than 100 times its ${packedBytes} bytes`,
    expected: 'data that was packed at most 100 : 1; unpack it yourself if it is what you want',
  })

/** Writes a stream, through a decompressor, to a file of the work folder; refuses more than `limit` bytes. */
export async function spool(
  source: AsyncIterable<Uint8Array>,
  through: Transform | null,
  { name, scratch, limit, packedBytes }: { name: string; scratch: Scratch; limit: number; packedBytes: number },
): Promise<InputFile> {
  const path = scratch.newFile()
  let size = 0
  const count = new Transform({
    transform: (chunk: Uint8Array, _encoding, done) => {
      size += chunk.length
      if (size > limit) done(tooLarge(name, packedBytes))
      else done(null, chunk)
    },
  })
  try {
    const from = Readable.from(source, { objectMode: false })
    const to = createWriteStream(path, { flags: 'wx' })
    await (through === null ? pipeline(from, count, to) : pipeline(from, through, count, to))
  } catch (error) {
    await rm(path, { force: true })
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (code.startsWith('Z_')) throw badInput(`${name}: damaged packed file: ${(error as Error).message}`, { file: name, found: code })
    throw toQuerentError(error, name)
  }
  return diskFile(path, name, size)
}
