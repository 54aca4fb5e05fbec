import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from '@engine/core/zod'
import { parquet } from '@main/node/datasets/importers/parquet'
import { readHybrid, type ByteReader } from '@main/node/datasets/importers/parquetLevels'
import { diskFile, type InputFile } from '@main/node/datasets/source/inputFile'
import { refusal } from '../../support/errors'

const folder = resolve(import.meta.dirname, '../../fixtures/parquet')
const known = z.record(z.string(), z.array(z.unknown())).parse(JSON.parse(readFileSync(resolve(folder, 'table.json'), 'utf8')))
const fileOf = (name: string): InputFile => diskFile(resolve(folder, name), name, statSync(resolve(folder, name)).size)

async function columnsOf(file: InputFile, most?: number): Promise<Record<string, unknown[]>> {
  const table = await parquet.table!(file, {} as never)
  const names = table.columns.map(({ name }) => name)
  const out: Record<string, unknown[]> = Object.fromEntries(names.map((name) => [name, []]))
  for await (const { rows, cells } of table.batches(names, most))
    cells.forEach(({ values }, j) => {
      for (let i = 0; i < rows; i++) out[names[j]].push(plain(values[i]))
    })
  return out
}

/** As JSON has it: a gap is null. */
const plain = (value: unknown): unknown =>
  typeof value === 'number' && Number.isNaN(value)
    ? null
    : value !== null && typeof value === 'object'
      ? Array.from(value as ArrayLike<unknown>, plain)
      : value

describe('Parquet in any encoding', () => {
  it.each(['words.parquet', 'second.parquet', 'unpacked.parquet', 'deltas.parquet'])('%s holds the same values', async (name) => {
    expect(await columnsOf(fileOf(name))).toEqual(known)
  })

  it('reads only as many rows as are wanted', async () => {
    const { f8_holes: values } = await columnsOf(fileOf('words.parquet'), 75)
    expect(values).toEqual(known.f8_holes.slice(0, 75))
  })

  it('refuses groups that do not add up to the rows of the file, and pages that end early', async () => {
    const whole = new Uint8Array(readFileSync(resolve(folder, 'unpacked.parquet')))
    const cut: InputFile = {
      ...fileOf('unpacked.parquet'),
      read: (from, length) => {
        const bytes = whole.slice(from, from + length)
        if (from === 4) bytes.fill(0, 40, 80)
        return Promise.resolve(bytes)
      },
    }
    const error = await refusal(() => columnsOf(cut))
    expect(error).toMatchObject({ code: 'bad-input' })
    expect(error.message).toMatch(/^unpacked\.parquet: damaged Parquet page at byte \d+ of column f8: /)
  })
})

describe('runs and packed groups', () => {
  const reader = (...bytes: number[]): ByteReader => ({ view: new DataView(Uint8Array.from(bytes).buffer), offset: 0 })

  it('give their numbers', () => {
    const bytes = reader(8 << 1, 1, 3, 0b10001000, 0b11000110, 0b11111010) // eight ones; 0 … 7 in three bits each
    expect([...readHybrid(bytes, 3, 16, 7)]).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 2, 3, 4, 5, 6, 7])
    expect([...readHybrid(reader(3, 1, 2, 3, 4, 0, 0, 0, 0x80), 8, 8, 255)]).toEqual([1, 2, 3, 4, 0, 0, 0, 128])
    expect([...readHybrid(reader(2 << 1, 0xff, 0xff, 0xff, 0x7f), 32, 2, 2 ** 31 - 1)]).toEqual([2 ** 31 - 1, 2 ** 31 - 1])
    expect([...readHybrid(reader(), 0, 3, 0)]).toEqual([0, 0, 0])
  })

  it('end where the page ends, whatever length they claim', () => {
    const started = performance.now()
    expect([...readHybrid(reader(0xfe, 0xff, 0xff, 0xff, 0x0f, 1), 1, 3, 1)]).toEqual([1, 1, 1])
    expect([...readHybrid(reader(0xff, 0xff, 0xff, 0xff, 0x0f, 5), 1, 3, 1)]).toEqual([1, 0, 1])
    expect(performance.now() - started).toBeLessThan(1000)
  })

  it('are refused when bytes are missing or a number is too large', () => {
    expect(() => readHybrid(reader(3, 1), 8, 8, 255)).toThrow(RangeError)
    expect(() => readHybrid(reader(0, 0, 0, 0), 1, 8, 1)).toThrow(RangeError)
    expect(() => readHybrid(reader(8 << 1, 3), 2, 8, 2)).toThrow('3 where at most 2 is possible')
    expect(() => readHybrid(reader(0x80, 0x80, 0x80, 0x80, 0x80, 1), 1, 8, 1)).toThrow('more than five bytes')
  })
})
