import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** A column of numbers without missing values, made a row group at a time. */
export interface NumberColumn {
  readonly name: string
  readonly values: (rows: number) => Float64Array | Int32Array
}

/**
 * Writes numbers as Parquet without compression: nullable columns, one plain page per column and row group, as data frames have
 * them. (Format: parquet-format 2, its Thrift structures in the compact protocol.)
 */
export async function writeParquet(file: string, columns: readonly NumberColumn[], rows: number, groupRows: number): Promise<void> {
  const groups: Field[][] = []
  async function* pieces(): AsyncGenerator<Uint8Array> {
    let at = 4
    yield Buffer.from('PAR1')
    for (let first = 0; first < rows; first += groupRows) {
      const count = Math.min(groupRows, rows - first)
      const chunks: Field[][] = []
      let bytes = 0
      for (const { name, values } of columns) {
        const page = pageOf(values(count), count)
        chunks.push(chunkOf(name, page, count, at))
        bytes += page.bytes.length
        at += page.bytes.length
        yield page.bytes
      }
      groups.push([list(1, chunks), int64(2, bytes), int64(3, count)])
    }
    const footer = structure([int32(1, 2), list(2, schemaOf(columns)), int64(3, rows), list(4, groups)])
    const length = Buffer.alloc(4)
    length.writeUInt32LE(footer.length)
    yield Buffer.concat([footer, length, Buffer.from('PAR1')])
  }
  await pipeline(Readable.from(pieces()), createWriteStream(file, { flags: 'wx' }))
}

const [typeInt32, typeDouble, optional, plain, rle] = [1, 5, 1, 0, 3]

interface Page {
  readonly bytes: Uint8Array
  readonly type: number
}

function pageOf(values: Float64Array | Int32Array, rows: number): Page {
  // One run of definition levels 1: every value is there.
  const run = [...varint(rows << 1), 1]
  const levels = Buffer.from([run.length, 0, 0, 0, ...run])
  const size = levels.length + values.byteLength
  const header = structure([
    int32(1, 0),
    int32(2, size),
    int32(3, size),
    struct(5, [int32(1, rows), int32(2, plain), int32(3, rle), int32(4, rle)]),
  ])
  const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  return { bytes: Buffer.concat([header, levels, data]), type: values instanceof Int32Array ? typeInt32 : typeDouble }
}

const chunkOf = (name: string, { bytes, type }: Page, rows: number, at: number): Field[] => [
  int64(2, at),
  struct(3, [
    int32(1, type),
    numbers(2, [plain, rle]),
    texts(3, [name]),
    int32(4, 0),
    int64(5, rows),
    int64(6, bytes.length),
    int64(7, bytes.length),
    int64(9, at),
  ]),
]

const schemaOf = (columns: readonly NumberColumn[]): Field[][] => [
  [text(4, 'schema'), int32(5, columns.length)],
  ...columns.map(({ name, values }) => [
    int32(1, values(0) instanceof Int32Array ? typeInt32 : typeDouble),
    int32(3, optional),
    text(4, name),
  ]),
]

/** A field of a Thrift structure: its number, its type in the compact protocol, and its bytes. */
interface Field {
  readonly id: number
  readonly type: number
  readonly bytes: readonly number[]
}

const int32 = (id: number, value: number): Field => ({ id, type: 5, bytes: zigzag(value) })
const int64 = (id: number, value: number): Field => ({ id, type: 6, bytes: zigzag(value) })
const text = (id: number, value: string): Field => ({ id, type: 8, bytes: textBytes(value) })
const struct = (id: number, fields: readonly Field[]): Field => ({ id, type: 12, bytes: [...structure(fields)] })
const list = (id: number, items: readonly (readonly Field[])[]): Field => listOf(id, 12, items.map((item) => [...structure(item)])) // prettier-ignore
const numbers = (id: number, values: readonly number[]): Field => listOf(id, 5, values.map(zigzag))
const texts = (id: number, values: readonly string[]): Field => listOf(id, 8, values.map(textBytes))

const listOf = (id: number, type: number, items: readonly (readonly number[])[]): Field => ({
  id,
  type: 9,
  bytes: [...(items.length < 15 ? [(items.length << 4) | type] : [0xf0 | type, ...varint(items.length)]), ...items.flat()],
})

/** Fields in ascending order of their numbers; each is told by its distance from the one before. */
function structure(fields: readonly Field[]): Uint8Array {
  const bytes: number[] = []
  let before = 0
  for (const { id, type, bytes: own } of fields) {
    bytes.push(((id - before) << 4) | type)
    for (const byte of own) bytes.push(byte)
    before = id
  }
  return Uint8Array.from([...bytes, 0])
}

const zigzag = (value: number): number[] => varint(value * 2)
const textBytes = (value: string): number[] => [...varint(value.length), ...Buffer.from(value, 'latin1')]

/** Seven bits a byte, the lowest first. */
function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return [...bytes, rest]
}
