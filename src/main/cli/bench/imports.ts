import { mkdir, mkdtemp, open, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cpuUsage, memoryUsage } from 'node:process'
import { encode } from 'fast-png'
import { QuerentError } from '@engine/core/errors'
import { randomFrom } from '@engine/core/random'
import { writeNpy } from '@engine/data/npy'
import { importDataset } from '../../node/datasets'
import { systemClock } from '../../node/clock'
import { npyHeader } from '../../node/datasets/importing/poolWriter'
import { writeParquet } from './parquetFile'
import { benchResult, type BenchResult } from './result'

const random = randomFrom('bench').fork('imports')
const neededBytes = 4e9

/**
 * Imports of large sources into a library of their own, made and deleted here: milliseconds, `processor_ms` of the fastest (of all
 * threads, so that it does not count what else the machine did) and `extra_bytes` of memory at the highest.
 */
export async function importBench(runs: number): Promise<BenchResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'querent-bench-'))
  try {
    const { bavail, bsize } = await statfs(folder)
    if (bavail * bsize < neededBytes)
      throw new QuerentError('disk-full', 'the files of this suite do not fit on the disk', {
        file: folder,
        found: `${bavail * bsize} bytes free`,
        expected: `${neededBytes} bytes`,
      })
    const results: BenchResult[] = []
    for (const source of [bigArray, pictures, bigTable]) {
      const made = join(folder, 'source')
      await mkdir(made)
      results.push(await timeImport(await source(made), join(folder, 'library'), Math.min(runs, 3)))
      await rm(made, { recursive: true })
    }
    return results
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Source {
  readonly name: string
  readonly size: string
  readonly paths: readonly string[]
  readonly rows: number
}

async function timeImport({ name, size, paths, rows }: Source, library: string, runs: number): Promise<BenchResult> {
  const [times, processor, extra]: number[][] = [[], [], []]
  for (let run = 0; run < runs; run++) {
    const before = memoryUsage.rss()
    let most = before
    const watch = setInterval(() => (most = Math.max(most, memoryUsage.rss())), 10)
    const [start, used] = [performance.now(), cpuUsage()]
    const { dataset } = await importDataset({ paths, mapping: {}, library, importedAt: systemClock.now() })
    times.push(performance.now() - start)
    clearInterval(watch)
    const { user, system } = cpuUsage(used)
    processor.push((user + system) / 1000)
    extra.push(most - before)
    if (dataset.rows !== rows) throw new QuerentError('internal', `${name}: ${dataset.rows} rows were imported of ${rows}`)
    await rm(library, { recursive: true })
  }
  const fastest = Math.min(...processor)
  return benchResult(name, size, times, {
    processor_ms: fastest,
    rows_per_processor_second: Math.round(rows / (fastest / 1000)),
    extra_bytes: Math.max(...extra),
  })
}

/** 1 GB of float32, written from a block of normal values with the block's number in every row's first value. */
async function bigArray(folder: string): Promise<Source> {
  const [rows, width, blockRows] = [250_000, 1000, 1000]
  const block = Float32Array.from({ length: blockRows * width }, () => random.normal())
  const file = await open(join(folder, 'X.npy'), 'wx')
  try {
    await file.appendFile(npyHeader('<f4', [rows, width]))
    for (let first = 0; first < rows; first += blockRows) {
      for (let i = 0; i < blockRows; i++) block[i * width] = first + i
      await file.appendFile(new Uint8Array(block.buffer))
    }
  } finally {
    await file.close()
  }
  await writeFile(join(folder, 'y.npy'), writeNpy(Int32Array.from({ length: rows }, (_, i) => i % 10), [rows])) // prettier-ignore
  return { name: 'import-npy-1gb', size: '250,000 × 1,000 float32', paths: ['X.npy', 'y.npy'].map((name) => join(folder, name)), rows }
}

/** 60,000 colour pictures of 32 × 32 pixels in ten class folders. */
async function pictures(folder: string): Promise<Source> {
  const [rows, classes, side, different] = [60_000, 10, 32, 600]
  const files = Array.from({ length: different }, () => encode({ width: side, height: side, channels: 3, data: picture(side) }))
  for (let c = 0; c < classes; c++) await mkdir(join(folder, `class-${c}`))
  for (let i = 0; i < rows; i++) await writeFile(join(folder, `class-${i % classes}`, `${i}.png`), files[i % different])
  return { name: 'import-images-60k', size: '60,000 PNG files of 32 × 32 pixels in 10 folders', paths: [folder], rows }
}

/** Smooth colours with noise, so that a PNG of it is as long as one of a photograph. */
function picture(side: number): Uint8Array {
  const tilt = Float64Array.from({ length: 9 }, () => random.normal())
  return Uint8Array.from({ length: side * side * 3 }, (_, t) => {
    const [x, y, c] = [Math.floor(t / 3) % side, Math.floor(t / 3 / side), t % 3]
    const value = 128 + 2 * (tilt[c] * (x - side / 2) + tilt[3 + c] * (y - side / 2)) + 30 * tilt[6 + c] + 8 * random.normal()
    return Math.max(0, Math.min(255, Math.round(value)))
  })
}

/** A table of 1,000,000 rows: 49 columns of doubles and one of labels. */
async function bigTable(folder: string): Promise<Source> {
  const [rows, columns, groupRows] = [1_000_000, 49, 100_000]
  const noise = Float64Array.from({ length: groupRows }, () => random.normal())
  const file = join(folder, 'table.parquet')
  const inputs = Array.from({ length: columns }, (_, j) => ({
    name: `x${j}`,
    values: (count: number) => Float64Array.from({ length: count }, (_, i) => noise[(i * 7 + j) % groupRows] + j),
  }))
  const label = { name: 'label', values: (count: number) => Int32Array.from({ length: count }, (_, i) => i % 10) }
  await writeParquet(file, [...inputs, label], rows, groupRows)
  return { name: 'import-parquet-1m', size: '1,000,000 × 50, Parquet without compression', paths: [file], rows }
}
