import type { DataType, Table } from '@uwdata/flechette'
import { badInput, QuerentError, unsupported } from '@engine/core/errors'
import type { InputFile } from '../source/inputFile'
import { checkColumn, checkMessage, mostRatio } from './arrowCheck'
import { columnCells, type RawColumn } from './columnValues'
import type { Batch, Column, FileImporter, TableSource } from './contract'
import { huggingFaceClasses } from './huggingFaceNames'
import { lz4Frame } from './lz4Frame'
import { uniqueNames } from './csv'

const mostMessageBytes = 2 ** 31 - 1
const batchRows = 1 << 14
const latin = new TextDecoder('latin1')

export const arrow: FileImporter = {
  id: 'arrow',
  title: 'Arrow or Feather',
  sniff: (head, name) => {
    if (latin.decode(head.subarray(0, 6)) === 'ARROW1') return 1
    const isStream = head.length > 8 && head[0] === 0xff && head[1] === 0xff && head[2] === 0xff && head[3] === 0xff
    return isStream && /\.(arrow|arrows|feather|ipc)$/i.test(name) ? 1 : isStream ? 0.6 : 0
  },
  table: openArrow,
}

type Flechette = typeof import('@uwdata/flechette')

/** The decoder with the two compressions of the format. */
async function decoder(): Promise<Flechette> {
  const [flechette, { decompressZstd, decompressLz4Raw }] = await Promise.all([
    import('@uwdata/flechette'),
    import('hyparquet-compressors'),
  ])
  const encode = (): never => {
    throw unsupported('Arrow files are not written')
  }
  const { CompressionType, setCompressionCodec } = flechette
  setCompressionCodec(CompressionType.LZ4_FRAME, {
    encode,
    decode: (data, size) => lz4Frame(data, plausible(data, size), decompressLz4Raw),
  })
  setCompressionCodec(CompressionType.ZSTD, {
    encode,
    decode: (data, size) => {
      plausible(data, size)
      const out = decompressZstd(data).slice() // at the start of its own memory: values must be aligned
      if (size !== undefined && out.length !== size) throw new RangeError(`${out.length} bytes were unpacked where ${size} are due`)
      return out
    },
  })
  return flechette
}

/** The size that a packed buffer claims, unless it cannot be. */
function plausible(data: Uint8Array, size = 0): number {
  if (size < 0 || size > (data.length + 64) * mostRatio) throw new RangeError(`a buffer of ${data.length} bytes claims ${size}`)
  return size
}

interface Message {
  readonly start: number
  readonly size: number
  readonly type: number
}

const schemaType = 1
const dictionaryType = 2
const recordType = 3

async function openArrow(file: InputFile): Promise<TableSource> {
  const flechette = await decoder()
  const messages = await messagesOf(file)
  const schema = messages.find(({ type }) => type === schemaType)
  if (schema === undefined) throw badInput(`${file.name}: damaged Arrow file: no schema`, { file: file.name })
  const dictionaries = messages.filter(({ type }) => type === dictionaryType)
  const records = messages.filter(({ type }) => type === recordType)
  const read = (message: Message): Promise<Uint8Array> => file.read(message.start, message.size)
  const head = await read(schema)
  const tableOf = (parts: readonly Uint8Array[]): Table =>
    guarded(file.name, () => flechette.tableFromIPC([...parts], { useBigInt: true, useDate: false, useMap: false }))
  const { fields, metadata } = tableOf([head]).schema
  const names = uniqueNames(fields.map(({ name }) => name))
  const classNames = huggingFaceClasses(metadata?.get('huggingface'))
  const columns = fields.map(({ type }, j): Column & { readonly raw: RawColumn } => {
    const raw = rawColumn(type, flechette)
    return { name: names[j], kind: raw.kind, raw, ...(classNames.has(names[j]) ? { classNames: classNames.get(names[j]) } : {}) }
  })
  return {
    name: file.name,
    columns: columns.map(({ raw: _raw, ...column }) => column),
    rows: null,
    batches: async function* (asked): AsyncGenerator<Batch> {
      const wanted = asked.map((name) => names.indexOf(name))
      let first = 0
      for (const record of records) {
        // Dictionaries that came before this batch; each batch is decoded by itself, so memory holds one.
        const before = await Promise.all(dictionaries.filter(({ start }) => start < record.start).map(read))
        const table = tableOf([head, ...before, await read(record)])
        const values = wanted.map((j) =>
          guarded(file.name, () => {
            checkColumn(table, j)
            return table.getChildAt(j).toArray() as ArrayLike<unknown>
          }),
        )
        for (let from = 0; from < table.numRows; from += batchRows) {
          const to = Math.min(table.numRows, from + batchRows)
          yield {
            rows: to - from,
            cells: values.map((data, k) =>
              columnCells(columns[wanted[k]].raw, data, from, to, `${file.name}, column ${names[wanted[k]]}`, first),
            ),
          }
        }
        first += table.numRows
      }
    },
  }
}

/** The messages of the stream; the file format is the stream between two marks. */
async function messagesOf(file: InputFile): Promise<Message[]> {
  const messages: Message[] = []
  let at = latin.decode(await file.read(0, 6)) === 'ARROW1' ? 8 : 0
  while (at + 8 <= file.size) {
    const prefix = await file.read(at, 8)
    const view = new DataView(prefix.buffer, prefix.byteOffset)
    const isMarked = view.getUint32(0, true) === 0xffffffff
    const length = isMarked ? view.getInt32(4, true) : view.getInt32(0, true)
    if (length === 0) return messages
    const body = at + (isMarked ? 8 : 4)
    const meta = length < 0 || length > 2 ** 26 ? null : await file.read(body, length)
    if (meta === null || meta.length < length) throw damaged(file, at, 'a message longer than the file')
    const { type, bodyLength } = messageHead(meta, file, at)
    guarded(file.name, () => checkMessage(meta, bodyLength))
    const size = body - at + length + bodyLength
    if (at + size > file.size)
      throw badInput(`${file.name}: the file is cut off at byte ${file.size}, inside a message`, {
        file: file.name,
        found: `${file.size} bytes`,
        expected: `at least ${at + size} bytes`,
      })
    if (size > mostMessageBytes)
      throw unsupported(`${file.name}: a batch of ${size} bytes`, {
        file: file.name,
        expected: `at most ${mostMessageBytes}; write smaller batches`,
      })
    messages.push({ start: at, size, type })
    at += size
  }
  return messages
}

/** Kind and body length of a message: fields 1 and 3 of a FlatBuffers table. */
function messageHead(meta: Uint8Array, file: InputFile, at: number): { type: number; bodyLength: number } {
  try {
    const view = new DataView(meta.buffer, meta.byteOffset, meta.length)
    const root = view.getUint32(0, true)
    const fieldsAt = root - view.getInt32(root, true)
    const count = view.getUint16(fieldsAt, true)
    const offset = (field: number): number => (4 + 2 * field < count ? view.getUint16(fieldsAt + 4 + 2 * field, true) : 0)
    const type = offset(1) === 0 ? 0 : view.getUint8(root + offset(1))
    const bodyLength = offset(3) === 0 ? 0 : Number(view.getBigInt64(root + offset(3), true))
    if (bodyLength < 0 || bodyLength % 8 !== 0) throw new RangeError(`a body of ${bodyLength} bytes`)
    return { type, bodyLength }
  } catch (error) {
    throw damaged(file, at, error instanceof Error ? error.message : '')
  }
}

const damaged = (file: InputFile, at: number, found: string): Error =>
  badInput(`${file.name}: damaged Arrow message at byte ${at}`, { file: file.name, path: `byte ${at}`, found })

function rawColumn(type: DataType, { Type }: Flechette): RawColumn {
  switch (type.typeId) {
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Utf8View:
      return { kind: 'text' }
    case Type.List:
    case Type.LargeList:
    case Type.FixedSizeList:
    case Type.ListView:
    case Type.LargeListView:
      return { kind: 'list' }
    case Type.Binary:
    case Type.LargeBinary:
    case Type.BinaryView:
      return { kind: 'image' }
    case Type.Struct:
      return { kind: type.children.some(({ name }) => name === 'bytes') ? 'image' : 'text' }
    case Type.Dictionary:
      return rawColumn(type.dictionary, { Type } as Flechette)
    case Type.Map:
    case Type.Union:
    case Type.Null:
    case Type.Interval:
    case Type.RunEndEncoded:
    case Type.FixedSizeBinary:
      return { kind: 'text' }
    default:
      return { kind: 'number' }
  }
}

function guarded<T>(name: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof QuerentError) throw error
    const message = error instanceof Error ? error.message : String(error)
    throw badInput(`${name}: damaged Arrow file: ${message}`, { file: name, found: message })
  }
}
