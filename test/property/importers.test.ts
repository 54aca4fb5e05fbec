import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { QuerentError } from '@engine/core/errors'
import { randomFrom, type Random } from '@engine/core/random'
import { openFiles, planImport } from '@main/node/datasets/importing/importDataset'
import { createScratch, type Scratch } from '@main/node/datasets/source/scratch'
import { fixtureMappings } from '../support/importerFixtures'

/** Mutated files per run; `npm run fuzz` takes many more. */
const cases = Number(process.env.QUERENT_FUZZ_CASES ?? 300)
const first = Number(process.env.QUERENT_FUZZ_FIRST ?? 0)
const seed = Number(process.env.QUERENT_FUZZ_SEED ?? 11)
/** Where `npm run fuzz` reads which case is under way. */
const progress = process.env.QUERENT_FUZZ_PROGRESS
const slowestMs = 20_000

const fixtures = resolve(import.meta.dirname, '../fixtures/importers')
const arrays = resolve(import.meta.dirname, '../fixtures/arrays')
const originals: readonly (readonly [string, Uint8Array])[] = [
  ...readdirSync(fixtures)
    .filter((name) => statSync(join(fixtures, name)).isFile() && !name.endsWith('.py') && !/^(plain|deep)/.test(name))
    .map((name): [string, Uint8Array] => [name, new Uint8Array(readFileSync(join(fixtures, name)))]),
  ...['c-f4.npy', 'f-f2.npy', 'v3.npy', 'packed.npz'].map((name): [string, Uint8Array] => [
    name,
    new Uint8Array(readFileSync(join(arrays, name))),
  ]),
]

const root = mkdtempSync(join(tmpdir(), 'querent-fuzz-'))
let scratch: Scratch
beforeAll(async () => void (scratch = await createScratch(join(root, 'work'))))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Bytes changed, cut, repeated, swapped or overwritten with numbers that sizes dislike. */
function mutate(original: Uint8Array, random: Random): Uint8Array {
  let bytes = original.slice()
  for (let m = random.int(4); m >= 0 && bytes.length > 1; m--) {
    const at = random.int(bytes.length)
    switch (random.int(7)) {
      case 0:
        bytes = bytes.slice(0, at)
        break
      case 1:
        bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(random.int(bytes.length))])
        break
      case 2:
        new DataView(bytes.buffer).setUint8(at, [0, 1, 0x7f, 0x80, 0xff][random.int(5)])
        break
      case 3:
        if (at + 4 <= bytes.length)
          new DataView(bytes.buffer).setUint32(at, [0, 0xffffffff, 0x7fffffff, 0x80000000, 1 << 20][random.int(5)], random.int(2) === 0)
        break
      case 4:
        // Headers and footers are where formats break.
        bytes[random.int(2) === 0 ? random.int(Math.min(64, bytes.length)) : bytes.length - 1 - random.int(Math.min(64, bytes.length))] =
          random.int(256)
        break
      default:
        bytes[at] = random.int(256)
    }
  }
  return bytes
}

/** Reads everything; resolves to the number of rows. Throws for values no run could use. */
async function readAll(path: string): Promise<number> {
  const mapping = fixtureMappings[basename(path)] ?? {}
  const plan = await planImport(await openFiles([path], mapping, scratch), mapping, false)
  const size = plan.shape.reduce((a, b) => a * b, 1)
  let rows = 0
  for await (const part of plan.rows(100_000)) {
    if (part.data.length !== part.rows * size || part.labels.length < part.rows)
      throw new Error(`${part.data.length} values for ${part.rows} rows of ${size}`)
    if (part.data.some((value: number) => Math.abs(value) === Infinity && plan.kind === 'tabular')) throw new Error('an infinite value')
    rows += part.rows
  }
  return rows
}

describe('damaged files', () => {
  it(
    `give data or a clear error, ${cases} times`,
    async () => {
      const random = randomFrom(seed)
      mkdirSync(join(root, 'given'))
      let readable = 0
      const failures: string[] = []
      for (let trial = first; trial < first + cases; trial++) {
        if (progress !== undefined) writeFileSync(progress, `${trial}`)
        const [name, original] = originals[trial % originals.length]
        const path = join(root, 'given', name)
        writeFileSync(path, mutate(original, random.fork(`${trial}`)))
        const started = performance.now()
        try {
          await readAll(path)
          readable++
        } catch (error) {
          const isClear = error instanceof QuerentError && ['bad-input', 'unsupported'].includes(error.code)
          if (!isClear)
            failures.push(
              `case ${trial} (${name}): ${error instanceof Error ? (error.stack ?? '').split('\n').slice(0, 4).join(' ') : String(error)}`,
            )
        }
        if (performance.now() - started > slowestMs) failures.push(`case ${trial} (${name}) took ${performance.now() - started} ms`)
        rmSync(path)
        if ((trial - first) % 500 === 499) for (const file of readdirSync(scratch.folder)) rmSync(join(scratch.folder, file))
      }
      expect(failures, `seed ${seed}`).toEqual([])
      expect(readable).toBeGreaterThan(0)
      expect(readdirSync(root).sort()).toEqual(['given', 'work'])
      expect(readdirSync(join(root, 'given'))).toEqual([])
    },
    Math.max(60_000, cases * 200),
  )

  it('are whole before', async () => {
    for (const [name] of originals.filter(([file]) => !file.endsWith('.npy') && file !== 'packed.npz'))
      expect(await readAll(join(fixtures, name)), name).toBe(40)
  })
})
