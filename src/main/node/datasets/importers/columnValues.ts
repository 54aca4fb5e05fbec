import { badInput } from '@engine/core/errors'
import type { Cells, ImageCell, NestedNumbers } from './contract'

/** What a column of a typed table file holds. */
export interface RawColumn {
  readonly kind: Cells['kind']
}

/** Values `from … to − 1` of a decoded column as cells; refuses values of another kind, naming the row. */
export function columnCells({ kind }: RawColumn, data: ArrayLike<unknown>, from: number, to: number, name: string, first: number): Cells {
  const wrong = (i: number): Error =>
    badInput(`${name}: row ${first + i} holds ${describe(data[i])}`, {
      path: `row ${first + i}`,
      found: describe(data[i]),
      expected: expected[kind],
    })
  switch (kind) {
    case 'number': {
      if (data instanceof Float64Array || data instanceof Float32Array || data instanceof Int32Array)
        return { kind, values: data.subarray(from, to) }
      const out = new Float64Array(to - from)
      if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
        // By halves: reading an element would make a big integer of it.
        const low = new Uint32Array(data.buffer, data.byteOffset, 2 * data.length)
        const high = data instanceof BigInt64Array ? new Int32Array(data.buffer, data.byteOffset, 2 * data.length) : low
        for (let i = from; i < to; i++) {
          const number = high[2 * i + 1] * 2 ** 32 + low[2 * i]
          if (!Number.isSafeInteger(number)) throw wrong(i)
          out[i - from] = number
        }
        return { kind, values: out }
      }
      for (let i = from; i < to; i++) {
        const number = toNumber(data[i])
        if (number === null) throw wrong(i)
        out[i - from] = number
      }
      return { kind, values: out }
    }
    case 'text':
      return { kind, values: slice(data, from, to, (value) => toText(value)) }
    case 'list':
      return {
        kind,
        values: slice(data, from, to, (value, i) => {
          if (value === null || value === undefined) return null
          const list = toNumbers(value, 0)
          if (list === null) throw wrong(i)
          return list
        }),
      }
    case 'image':
      return {
        kind,
        values: slice(data, from, to, (value, i): ImageCell | null => {
          if (value === null || value === undefined) return null
          const bytes = value instanceof Uint8Array ? value : (value as { readonly bytes?: unknown }).bytes
          if (!(bytes instanceof Uint8Array)) throw wrong(i)
          return { name: `${name}, row ${first + i}`, bytes: () => Promise.resolve(bytes) }
        }),
      }
  }
}

const expected: Readonly<Record<Cells['kind'], string>> = {
  number: 'a number that float64 holds exactly',
  text: 'a text',
  list: 'a list of numbers',
  image: 'the bytes of a picture',
}

const slice = <T>(data: ArrayLike<unknown>, from: number, to: number, convert: (value: unknown, i: number) => T): T[] => {
  const out: T[] = []
  for (let i = from; i < to; i++) out.push(convert(data[i], i))
  return out
}

/** A number; null when it is none or would lose digits. */
function toNumber(value: unknown): number | null {
  if (typeof value === 'number') return value
  if (value === null || value === undefined) return NaN
  if (typeof value === 'boolean') return Number(value)
  if (value instanceof Date) return value.getTime()
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : null
  return null
}

const utf8 = new TextDecoder('utf-8', { fatal: false })

function toText(value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return utf8.decode(value)
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)) ?? null
}

function toNumbers(value: unknown, depth: number): NestedNumbers | null {
  if (value instanceof BigInt64Array || value instanceof BigUint64Array) return toNumbers(Array.from(value), depth)
  if (ArrayBuffer.isView(value)) return value as unknown as ArrayLike<number>
  if (!Array.isArray(value) || depth > 8) return null
  const out: (number | NestedNumbers)[] = []
  for (const inner of value as unknown[]) {
    const converted = Array.isArray(inner) || ArrayBuffer.isView(inner) ? toNumbers(inner, depth + 1) : toNumber(inner)
    if (converted === null || (typeof converted === 'number' && !Number.isFinite(converted))) return null
    out.push(converted)
  }
  return out as NestedNumbers
}

const describe = (value: unknown): string =>
  value === null || value === undefined ? 'nothing' : typeof value === 'object' ? value.constructor.name : `a ${typeof value}`
