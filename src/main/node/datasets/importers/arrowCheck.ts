import type { Table } from '@uwdata/flechette'

/**
 * Checks of an Arrow message before the library decodes it: it believes counts and lengths, and a damaged one would have it fill
 * the memory. Throws `RangeError`.
 */
export function checkMessage(meta: Uint8Array, bodyBytes: number): void {
  const view = new DataView(meta.buffer, meta.byteOffset, meta.length)
  /** Place of a table's field, 0 when it is left out. */
  const field = (table: number, index: number): number => {
    const fields = table - view.getInt32(table, true)
    const offset = 4 + 2 * index < view.getUint16(fields, true) ? view.getUint16(fields + 4 + 2 * index, true) : 0
    return offset === 0 ? 0 : table + offset
  }
  const follow = (place: number): number => place + view.getUint32(place, true)
  /** Start and count of a vector; its elements must lie in the message. */
  const vector = (place: number, stride: number): { readonly start: number; readonly count: number } => {
    if (place === 0) return { start: 0, count: 0 }
    const start = follow(place)
    const count = view.getUint32(start, true)
    if (start + 4 + count * stride > meta.length) throw new RangeError(`a list of ${count} entries in ${meta.length} bytes`)
    return { start: start + 4, count }
  }
  let checked = 0
  const checkFields = (place: number): void => {
    const { start, count } = vector(place, 4)
    for (let i = 0; i < count; i++) {
      if (++checked > mostFields) throw new RangeError('a schema that contains itself')
      const own = follow(start + 4 * i)
      checkFields(field(own, 5))
      vector(field(own, 6), 4)
      const type = field(own, 3)
      if (type !== 0 && view.getUint8(field(own, 2)) === unionType) vector(field(follow(type), 1), 4)
    }
  }
  const checkRecord = (record: number): void => {
    const lengthAt = field(record, 0)
    const nodes = vector(field(record, 1), 16)
    const buffers = vector(field(record, 2), 16)
    vector(field(record, 4), 8)
    const isPacked = field(record, 3) !== 0
    const most = 8 * (bodyBytes + 1024) * (isPacked ? mostRatio : 1)
    const lengths = Array.from({ length: nodes.count }, (_, i) => nodes.start + 16 * i)
    for (const at of lengthAt === 0 ? lengths : [lengthAt, ...lengths]) {
      const rows = Number(view.getBigInt64(at, true))
      if (rows < 0 || rows > most) throw new RangeError(`${rows} values in ${bodyBytes} bytes`)
    }
    for (let i = 0; i < buffers.count; i++) {
      const [offset, length] = [0, 8].map((part) => Number(view.getBigInt64(buffers.start + 16 * i + part, true)))
      if (offset < 0 || length < 0 || offset + length > bodyBytes) throw new RangeError('a buffer outside its message')
    }
  }
  const message = view.getUint32(0, true)
  const header = field(message, 2)
  if (header === 0) return
  const kind = view.getUint8(field(message, 1))
  if (kind === 1) {
    checkFields(field(follow(header), 1))
    vector(field(follow(header), 2), 4)
  } else if (kind === 3) checkRecord(follow(header))
  else if (kind === 2 && field(follow(header), 1) !== 0) checkRecord(follow(field(follow(header), 1)))
}

const mostFields = 1_000_000
const unionType = 14
/** Bytes that a packed byte may become. */
export const mostRatio = 1040

interface AnyBatch {
  readonly length: number
  readonly type: { readonly stride?: number }
  readonly offsets?: ArrayLike<number | bigint> | null
  readonly sizes?: ArrayLike<number | bigint> | null
  readonly children?: readonly AnyBatch[] | null
}

/** Checks that the lists of a decoded column lie in their values. */
export function checkColumn(table: Table, index: number): void {
  const column = table.getChildAt(index)
  if (column.length !== table.numRows) throw new RangeError(`a column of ${column.length} values in ${table.numRows} rows`)
  for (const batch of column.data) checkBatch(batch as unknown as AnyBatch, 0)
}

function checkBatch({ length, type, offsets, sizes, children }: AnyBatch, depth: number): void {
  if (depth > 32) throw new RangeError('lists nested too deeply')
  const inner = children ?? []
  if (inner.length === 1) {
    const [{ length: values }] = inner
    if (type.stride !== undefined && length * type.stride > values) throw new RangeError('fixed lists beyond their values')
    if (offsets)
      for (let i = 0; i < length; i++) {
        const from = Number(offsets[i])
        const to = sizes ? from + Number(sizes[i]) : Number(offsets[i + 1])
        if (!(from >= 0 && from <= to && to <= values)) throw new RangeError(`a list from value ${from} to ${to} of ${values}`)
      }
  }
  for (const child of inner) checkBatch(child, depth + 1)
}
