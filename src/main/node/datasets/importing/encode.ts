import { badInput } from '@engine/core/errors'
import type { DatasetKind } from '@engine/data/dataset'
import { hashText } from '@engine/data/hashedText'
import { isNumeric } from '@engine/data/csv'
import type { NumericData } from '@engine/data/numericArray'
import type { Cells, ImageCell, NestedNumbers } from '../importers/contract'
import { decodeImage, type ImageSize } from './images'
import { isMissing } from './survey'

/** A column with its place among the asked ones and what it becomes. */
export type Feature =
  | { readonly role: 'number'; readonly name: string }
  | { readonly role: 'category'; readonly name: string; readonly values: readonly string[] }
  | { readonly role: 'text' | 'image' | 'list'; readonly name: string }

/** How rows of a table become rows of numbers; stored with the set, so that samples can be shown in its words. */
export interface Encoding {
  readonly kind: DatasetKind
  readonly shape: readonly number[]
  readonly features: readonly Feature[]
}

export interface EncodedBatch {
  /** rows × size values */
  readonly data: NumericData
  /** the words of each row, for sets of texts */
  readonly texts: readonly string[] | null
}

/** Where a row of a batch stands, for messages. */
export type Place = (row: number) => string

/** Encodes the feature cells of a batch, given in the order of `encoding.features`. */
export async function encodeBatch(encoding: Encoding, cells: readonly Cells[], rows: number, place: Place): Promise<EncodedBatch> {
  const size = encoding.shape.reduce((a, b) => a * b, 1)
  switch (encoding.kind) {
    case 'image':
      return { data: await encodeImages(cells[0], rows, imageSize(encoding.shape), place), texts: null }
    case 'text':
      return encodeTexts(cells, rows, size, place)
    default:
      if (encoding.features[0].role === 'list') return { data: encodeLists(cells, rows, encoding.shape, encoding.kind, place), texts: null }
      return { data: encodeTabular(encoding.features, cells, rows, size, place), texts: null }
  }
}

const imageSize = ([channels, height, width]: readonly number[]): ImageSize => ({ channels: channels as 1 | 3, height, width })

async function encodeImages(column: Cells, rows: number, size: ImageSize, place: Place): Promise<Uint8Array> {
  const { width, height, channels } = size
  const each = width * height * channels
  const out = new Uint8Array(rows * each)
  const work = async (i: number): Promise<void> => {
    const cell = column.values[i] as ImageCell | null
    if (cell === null) throw badInput(`no picture at ${place(i)}`, { path: place(i) })
    out.set(await decodeImage(cell, size), i * each)
  }
  // Side by side, but never so many that their files fill the memory.
  let next = 0
  const worker = async (): Promise<void> => {
    for (let i = next++; i < rows; i = next++) await work(i)
  }
  await Promise.all(Array.from({ length: 8 }, worker))
  return out
}

function encodeTexts(cells: readonly Cells[], rows: number, size: number, place: Place): EncodedBatch {
  const data = new Float32Array(rows * size)
  const texts: string[] = []
  for (let i = 0; i < rows; i++) {
    const parts = cells.map(({ values }) => values[i] as string | null).filter((part) => part !== null)
    if (parts.length === 0) throw badInput(`no text at ${place(i)}`, { path: place(i), expected: 'a text' })
    const text = parts.map(String).join('\n')
    hashText(text, data.subarray(i * size, (i + 1) * size))
    texts.push(text)
  }
  return { data, texts }
}

/** Numbers as they are (missing: NaN), categories as one column of 0 and 1 per value (missing or new: all 0). */
function encodeTabular(features: readonly Feature[], cells: readonly Cells[], rows: number, size: number, place: Place): Float64Array {
  const out = new Float64Array(rows * size)
  let offset = 0
  features.forEach((feature, j) => {
    const { kind, values } = cells[j]
    if (feature.role === 'category') {
      const position = new Map(feature.values.map((value, k) => [value, k]))
      for (let i = 0; i < rows; i++) {
        const value = values[i] as string | number | null
        const k = value === null ? undefined : position.get(String(value).trim())
        if (k !== undefined) out[i * size + offset + k] = 1
      }
      offset += feature.values.length
      return
    }
    if (kind === 'number') for (let i = 0, at = offset; i < rows; i++, at += size) out[at] = values[i]
    else for (let i = 0, at = offset; i < rows; i++, at += size) out[at] = toNumber(values[i] as string | null, feature.name, i, place)
    offset++
  })
  for (let i = 0; i < out.length; i++)
    if (out[i] === Infinity || out[i] === -Infinity)
      throw badInput(`the value at ${place(Math.floor(i / size))} is infinite`, {
        path: place(Math.floor(i / size)),
        expected: 'a finite number, or nothing',
      })
  return out
}

function toNumber(cell: string | null, column: string, row: number, place: Place): number {
  if (cell === null || isMissing(cell)) return NaN
  if (!isNumeric(cell))
    throw badInput(`"${cell.slice(0, 40)}" in column "${column}" is not a number (${place(row)})`, {
      path: `${place(row)}, column ${column}`,
      found: cell.slice(0, 80),
      expected: 'a number; or use the column as a category',
    })
  const value = Number(cell)
  return Number.isNaN(value) ? (/^\s*-/.test(cell) ? -Infinity : Infinity) : value
}

/** Lists as vectors of one length, or as series: one channel per list (or inner list), cut or padded with zeros. */
function encodeLists(cells: readonly Cells[], rows: number, shape: readonly number[], kind: DatasetKind, place: Place): Float64Array {
  const size = shape.reduce((a, b) => a * b, 1)
  const steps = shape[shape.length - 1]
  const out = new Float64Array(rows * size)
  for (let i = 0; i < rows; i++) {
    const channels: NestedNumbers[] = []
    for (const { values } of cells) {
      const list = values[i] as NestedNumbers | null
      if (list === null) throw badInput(`no list at ${place(i)}`, { path: place(i) })
      if (kind === 'series' && list.length > 0 && typeof list[0] !== 'number') channels.push(...(list as readonly NestedNumbers[]))
      else channels.push(kind === 'series' ? list : flatten(list))
    }
    if (channels.length * steps !== size)
      throw badInput(`${channels.length} channels at ${place(i)}`, { path: place(i), expected: `${size / steps}, like the first row` })
    channels.forEach((channel, c) => {
      if (kind !== 'series' && channel.length !== steps)
        throw badInput(`a list of ${channel.length} values at ${place(i)}`, {
          path: place(i),
          found: String(channel.length),
          expected: `${steps} values, like the first row; or use it as a series`,
        })
      for (let t = 0; t < Math.min(steps, channel.length); t++) {
        const value = channel[t]
        if (typeof value !== 'number' || !Number.isFinite(value))
          throw badInput(`value ${t} of the list at ${place(i)} is no finite number`, { path: place(i), found: typeof value })
        out[(i * (size / steps) + c) * steps + t] = value
      }
    })
  }
  return out
}

export function flatten(list: NestedNumbers): ArrayLike<number> {
  if (list.length === 0 || typeof list[0] === 'number') return list as ArrayLike<number>
  return (list as readonly NestedNumbers[]).flatMap((inner) => Array.from(flatten(inner)))
}

/** Names of the values of a row, where the columns have some. */
export function valueNames({ kind, features }: Encoding): string[] {
  if (kind !== 'tabular') return []
  return features.flatMap((feature) =>
    feature.role === 'category' ? feature.values.map((value) => `${feature.name} = ${value}`) : [feature.name],
  )
}
