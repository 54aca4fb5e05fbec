import { Readable } from 'node:stream'
import { fromRandomAccessReaderPromise, RandomAccessReader, type Entry, type ZipFile } from 'yauzl'
import { badInput, QuerentError } from '@engine/core/errors'
import { sliceOf, type InputFile } from './inputFile'
import { spool, tooLarge, unpackedLimit, type Scratch } from './scratch'
import { safeName } from './tar'

export const isZip = (head: Uint8Array): boolean =>
  head[0] === 0x50 && head[1] === 0x4b && ((head[2] === 3 && head[3] === 4) || (head[2] === 5 && head[3] === 6))

/** Gives yauzl the bytes of any file. */
class FileReader extends RandomAccessReader {
  constructor(private readonly file: InputFile) {
    super()
  }
  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(sliceOf(this.file, this.file.name, start, end - start).stream(), { objectMode: false })
  }
  override read(buffer: Buffer, offset: number, length: number, position: number, callback: (error: Error | null) => void): void {
    this.file.read(position, length).then(
      (bytes) => {
        buffer.set(bytes, offset)
        callback(bytes.length < length ? new RangeError('the archive ends early') : null)
      },
      (error: Error) => callback(error),
    )
  }
}

const mostEntries = 5_000_000

/** The files of a zip archive; each is inflated when it is read, and none is ever written under its own name. */
export async function indexZip(zip: InputFile, scratch: Scratch): Promise<InputFile[]> {
  return guarded(zip.name, async () => {
    const archive = await fromRandomAccessReaderPromise(new FileReader(zip), zip.size, { autoClose: false })
    const files: InputFile[] = []
    let total = 0
    for await (const entry of archive.eachEntry()) {
      const name = safeName(entry.fileName, zip.name)
      if (name.endsWith('/')) continue
      total += entry.uncompressedSize
      if (total > unpackedLimit(zip.size)) throw tooLarge(zip.name, zip.size)
      if (files.length >= mostEntries) throw badInput(`${zip.name}: more than ${mostEntries} files`, { file: zip.name })
      files.push(entryFile(archive, entry, name, zip, scratch))
    }
    return files
  })
}

function entryFile(archive: ZipFile, entry: Entry, name: string, zip: InputFile, scratch: Scratch): InputFile {
  const size = entry.uncompressedSize
  const open = async (): Promise<Readable> => {
    if (entry.isEncrypted())
      throw badInput(`${zip.name}: "${name}" is encrypted`, { file: zip.name, expected: 'an archive without a password' })
    return archive.openReadStreamPromise(entry)
  }
  async function* stream(): AsyncGenerator<Uint8Array> {
    const source = await guarded(zip.name, open)
    try {
      for await (const chunk of source) yield chunk as Uint8Array
    } catch (error) {
      throw asDamage(zip.name, error)
    } finally {
      source.destroy()
    }
  }
  let whole: Promise<InputFile> | null = null
  const onDisk = (): Promise<InputFile> =>
    (whole ??= guarded(zip.name, async () => {
      if (entry.compressionMethod === 0 && !entry.isEncrypted()) {
        const { fileDataStart } = await archive.readLocalFileHeaderPromise(entry, { minimal: true })
        return sliceOf(zip, name, fileDataStart, size)
      }
      return spool(stream(), null, { name, scratch, limit: size, packedBytes: zip.size })
    }))
  return {
    name,
    size,
    stream,
    read: async (from, length) => {
      const wanted = Math.max(0, Math.min(length, size - from))
      if (from > 0 || wanted > inMemory) return (await onDisk()).read(from, length)
      // The head, or a small file as a whole.
      const out = new Uint8Array(wanted)
      let at = 0
      for await (const chunk of stream()) {
        const part = chunk.subarray(0, wanted - at)
        out.set(part, at)
        at += part.length
        if (at === wanted && wanted < size) break
      }
      return out.subarray(0, at)
    },
  }
}

const inMemory = 1 << 22

async function guarded<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asDamage(name, error)
  }
}

function asDamage(name: string, error: unknown): Error {
  if (error instanceof QuerentError) return error
  const { code, message } = error as NodeJS.ErrnoException
  if (code !== undefined && !code.startsWith('Z_')) return error as Error
  return badInput(`${name}: damaged zip archive: ${message}`, { file: name, found: message })
}
