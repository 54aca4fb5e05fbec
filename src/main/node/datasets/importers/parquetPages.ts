import type { ColumnMetaData, Compressors, DecodedArray, FileMetaData, SchemaTree } from 'hyparquet'
import type { convert as convertValues } from 'hyparquet/src/convert.js'
import { badInput } from '@engine/core/errors'
import { z } from '@engine/core/zod'
import type { InputFile } from '../source/inputFile'
import { readHybrid, type ByteReader } from './parquetLevels'

type ColumnDecoder = Parameters<typeof convertValues>[1]

/** One leaf of the schema: a column of numbers or texts, or a part of a nested one. */
export interface Leaf {
  /** from the root of the schema down to the leaf */
  readonly path: SchemaTree[]
  readonly decoder: ColumnDecoder
  /** highest definition level (value present) and repetition level (0: no lists) */
  readonly defined: number
  readonly repeated: number
}

/** Values of a page or of its dictionary: what is there, without the missing ones. */
export interface PageValues {
  /** values and gaps */
  readonly count: number
  /** of each value or gap; null when none is missing */
  readonly definitions: Uint8Array | Int32Array | null
  readonly repetitions: Uint8Array | Int32Array | null
  readonly values: DecodedArray
}

const int = z.int()
/** The headers' fields by their numbers in the format's definition. */
const pageHeader = z.object({
  field_1: int, // 0: data, 1: index, 2: dictionary, 3: data of version 2
  field_2: int, // bytes unpacked
  field_3: int, // bytes packed
  field_5: z.object({ field_1: int, field_2: int }).optional(), // values, encoding
  field_7: z.object({ field_1: int }).optional(),
  field_8: z
    .object({ field_1: int, field_2: int, field_4: int, field_5: int, field_6: int, field_7: z.boolean().optional() }) // values, gaps, encoding, bytes of levels, packed
    .optional(),
})
type PageHeader = z.infer<typeof pageHeader>

const mostRatio = 4096
/** Values of one page. Repeated runs let a page of a few bytes claim any number of them. */
const mostValues = 1 << 26

/** What is known of a leaf from the schema; `compressors` unpack its pages. */
export async function leafOf(metadata: FileMetaData, chunk: ColumnMetaData, compressors: Compressors): Promise<Leaf> {
  const [{ getSchemaPath, getMaxDefinitionLevel, getMaxRepetitionLevel }, { DEFAULT_PARSERS }] = await Promise.all([
    import('hyparquet/src/schema.js'),
    import('hyparquet/src/convert.js'),
  ])
  const path = getSchemaPath(metadata.schema, chunk.path_in_schema)
  const { element } = path[path.length - 1]
  return {
    path,
    decoder: {
      pathInSchema: chunk.path_in_schema,
      type: chunk.type,
      element,
      schemaPath: path,
      codec: chunk.codec,
      parsers: DEFAULT_PARSERS,
      compressors,
      utf8: false,
    },
    defined: getMaxDefinitionLevel(path),
    repeated: getMaxRepetitionLevel(path),
  }
}

/**
 * The data pages of a column chunk, one by one. Sizes and counts are checked before anything is unpacked or made: the library believes
 * them, and a damaged one would have it fill the memory or go on for ever.
 */
export async function* pagesOf(file: InputFile, chunk: ColumnMetaData, leaf: Leaf): AsyncGenerator<PageValues> {
  const [{ deserializeTCompactProtocol }, { decompressPage }, convert, { readPlain }, decode] = await Promise.all([
    import('hyparquet/src/thrift.js'),
    import('hyparquet/src/datapage.js'),
    converter(),
    import('hyparquet/src/plain.js'),
    valueDecoder(),
  ])
  const name = chunk.path_in_schema.join('.')
  const damaged = (at: number, found: string): Error =>
    badInput(`${file.name}: damaged Parquet page at byte ${at} of column ${name}: ${found}`, { file: file.name, path: `byte ${at}`, found })
  const first = Number(chunk.dictionary_page_offset ?? 0)
  const start = first > 0 ? Math.min(first, Number(chunk.data_page_offset)) : Number(chunk.data_page_offset)
  const size = Number(chunk.total_compressed_size)
  const total = Number(chunk.num_values)
  if (!(start >= 4 && size > 0 && start + size <= file.size)) throw damaged(start, `${size} bytes in a file of ${file.size}`)
  const bytes = await file.read(start, size)
  const reader: ByteReader = { view: viewOf(bytes), offset: 0 }
  const { codec, type, element, compressors } = leaf.decoder
  // Nothing stays nothing: some packers write a byte for it that others stumble over.
  const unpacked = (part: Uint8Array, length: number): Uint8Array =>
    length === 0 ? new Uint8Array(0) : decompressPage(part, length, codec, compressors)
  let dictionary: DecodedArray | null = null
  for (let seen = 0; seen < total;) {
    const at = start + reader.offset
    if (reader.offset >= size) throw damaged(at, `the column ends after ${seen} of ${total} values`)
    const header = pageHeader.safeParse(deserializeTCompactProtocol(reader)).data
    if (header === undefined) throw damaged(at, 'an unreadable header')
    const { field_2: plain, field_3: packed } = header
    if (packed < 0 || reader.offset + packed > size) throw damaged(at, `a page of ${packed} bytes`)
    if (plain < 0 || plain > (packed + 64) * mostRatio) throw damaged(at, `${packed} bytes that unpack to ${plain}`)
    const held = bytes.subarray(reader.offset, reader.offset + packed)
    reader.offset += packed
    try {
      if (header.field_1 === 2) {
        const words = header.field_7?.field_1 ?? -1
        if (words < 0 || words > 8 * plain) throw new RangeError(`a dictionary of ${words} values`)
        const inside: ByteReader = { view: viewOf(unpacked(held, plain)), offset: 0 }
        dictionary = convert(readPlain(inside, type, words, element.type_length), leaf.decoder)
        if (inside.offset > plain) throw new RangeError(`a dictionary of ${words} values in ${plain} bytes`)
        continue
      }
      const count = (header.field_5 ?? header.field_8)?.field_1 ?? 0
      if (count < 0 || seen + count > total || count > mostValues) throw new RangeError(`${count} values`)
      if (count === 0) continue
      seen += count
      const page = header.field_1 === 0 ? levelsOf(unpacked(held, plain), header, leaf) : levelsOfSecond(held, header, leaf, unpacked)
      yield { ...page, values: decode(page, dictionary, leaf.decoder) }
    } catch (error) {
      if (error instanceof RangeError) throw damaged(at, error.message)
      throw error
    }
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

interface Levels {
  readonly count: number
  readonly definitions: Uint8Array | Int32Array | null
  readonly repetitions: Uint8Array | Int32Array | null
  /** values that are there */
  readonly present: number
  readonly encoding: number
  /** the values' bytes */
  readonly bytes: Uint8Array
}

const bitsFor = (most: number): number => 32 - Math.clz32(most)

/** A page of version 1: levels before the values, all packed together. */
function levelsOf(bytes: Uint8Array, { field_5: head }: PageHeader, { defined, repeated }: Leaf): Levels {
  if (head === undefined) throw new RangeError('an unreadable header')
  const reader: ByteReader = { view: viewOf(bytes), offset: 0 }
  const level = (most: number): Uint8Array | Int32Array | null => {
    if (most === 0) return null
    const length = reader.view.getUint32(reader.offset, true)
    const from = reader.offset + 4
    const levels = readHybrid({ view: viewOf(bytes.subarray(from, from + length)), offset: 0 }, bitsFor(most), head.field_1, most)
    reader.offset = from + length
    return levels
  }
  const repetitions = level(repeated)
  return { ...counted(level(defined), defined, head.field_1), repetitions, encoding: head.field_2, bytes: bytes.subarray(reader.offset) }
}

/** A page of version 2: levels as they are, only the values packed. */
function levelsOfSecond(
  bytes: Uint8Array,
  { field_2: plain, field_8: head }: PageHeader,
  { defined, repeated }: Leaf,
  unpacked: (part: Uint8Array, length: number) => Uint8Array,
): Levels {
  if (head === undefined) throw new RangeError('an unreadable header')
  const { field_5: definitionBytes, field_6: repetitionBytes, field_1: count } = head
  const from = definitionBytes + repetitionBytes
  if (definitionBytes < 0 || repetitionBytes < 0 || from > bytes.length) throw new RangeError(`${from} bytes of levels`)
  const level = (start: number, length: number, most: number): Uint8Array | Int32Array | null =>
    most === 0 ? null : readHybrid({ view: viewOf(bytes.subarray(start, start + length)), offset: 0 }, bitsFor(most), count, most)
  const repetitions = level(0, repetitionBytes, repeated)
  const values = bytes.subarray(from)
  return {
    ...counted(level(repetitionBytes, definitionBytes, defined), defined, count),
    repetitions,
    encoding: head.field_4,
    bytes: head.field_7 === false ? values : unpacked(values, Math.max(0, plain - from)),
  }
}

function counted(definitions: Uint8Array | Int32Array | null, defined: number, count: number) {
  if (definitions === null) return { count, definitions, present: count }
  let present = 0
  for (const level of definitions) if (level === defined) present++
  return { count, definitions: present === count ? null : definitions, present }
}

/** Values as their column means them. Decimals are divided, which rounds once; the library multiplies by a rounded tenth. */
async function converter(): Promise<typeof convertValues> {
  const { convert } = await import('hyparquet/src/convert.js')
  return (values, decoder) => {
    const { element } = decoder
    if (element.converted_type !== 'DECIMAL') return convert(values, decoder)
    const whole = convert(values, { ...decoder, element: { ...element, scale: 0 } })
    return Float64Array.from(whole as readonly number[], (value) => value / 10 ** (element.scale ?? 0))
  }
}

/** Decodes the values of a page; throws RangeError when their bytes do not hold them. */
async function valueDecoder(): Promise<(levels: Levels, dictionary: DecodedArray | null, decoder: ColumnDecoder) => DecodedArray> {
  const [{ Encodings }, { readPlain }, { byteStreamSplit }, convert, delta] = await Promise.all([
    import('hyparquet/src/constants.js'),
    import('hyparquet/src/plain.js'),
    import('hyparquet/src/encoding.js'),
    converter(),
    import('hyparquet/src/delta.js'),
  ])
  return (levels, dictionary, decoder) => {
    const reader: ByteReader = { view: viewOf(levels.bytes), offset: 0 }
    const values = decoded(reader, levels, dictionary, decoder)
    // The library reads on behind the page where there is something.
    if (reader.offset > levels.bytes.length) throw new RangeError(`${levels.present} values in ${levels.bytes.length} bytes`)
    return values
  }

  function decoded(
    reader: ByteReader,
    { present, encoding }: Levels,
    dictionary: DecodedArray | null,
    decoder: ColumnDecoder,
  ): DecodedArray {
    const { type, element } = decoder
    const name = Encodings[encoding]
    switch (name) {
      case 'PLAIN':
        return convert(readPlain(reader, type, present, element.type_length), decoder)
      case 'PLAIN_DICTIONARY':
      case 'RLE_DICTIONARY':
        return lookedUp(reader, present, dictionary)
      case 'RLE': {
        if (type !== 'BOOLEAN') throw new RangeError('runs of values that are no truth values')
        reader.offset = 4 // their length in bytes
        return Array.from(readHybrid(reader, 1, present, 1), (bit) => bit === 1)
      }
      case 'BYTE_STREAM_SPLIT':
        return convert(byteStreamSplit(reader, present, type, element.type_length), decoder)
      case 'DELTA_BINARY_PACKED': {
        const out = type === 'INT32' ? new Int32Array(present) : new BigInt64Array(present)
        if (present > 0) delta.deltaBinaryUnpack(reader, present, out)
        return convert(out, decoder)
      }
      case 'DELTA_LENGTH_BYTE_ARRAY':
      case 'DELTA_BYTE_ARRAY': {
        const out = new Array<Uint8Array>(present)
        if (present > 0) (name === 'DELTA_BYTE_ARRAY' ? delta.deltaByteArray : delta.deltaLengthByteArray)(reader, present, out)
        return convert(out, decoder)
      }
      default:
        throw new Error(`unsupported encoding ${name ?? encoding}`)
    }
  }
}

function lookedUp(reader: ByteReader, present: number, dictionary: DecodedArray | null): DecodedArray {
  if (dictionary === null || (dictionary.length === 0 && present > 0)) throw new RangeError('places in a dictionary that is not there')
  const width = present === 0 && reader.view.byteLength === 0 ? 0 : reader.view.getUint8(reader.offset++)
  const places = readHybrid(reader, width, present, Math.max(0, dictionary.length - 1))
  if (!ArrayBuffer.isView(dictionary)) return Array.from(places, (place) => (dictionary as readonly unknown[])[place])
  const out = new (dictionary.constructor as new (length: number) => Float64Array)(present)
  const words = dictionary as Float64Array // or another array of numbers: all are read and written alike
  for (let i = 0; i < present; i++) out[i] = words[places[i]]
  return out
}
