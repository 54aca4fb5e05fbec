import { badInput } from '@engine/core/errors'
import { readAll, type InputFile } from '../source/inputFile'
import { textLines } from '../source/text'
import type { Batch, Cells, Column, FileImporter, ImportContext, NestedNumbers, TableSource } from './contract'
import { isText } from './csv'

type Row = Readonly<Record<string, unknown>>

const batchRows = 4096
const rowsLookedAt = 1000
const mostListFileBytes = 2 ** 28

export const jsonl: FileImporter = {
  id: 'jsonl',
  title: 'JSON lines',
  sniff: (head, name) => {
    if (!isText(head)) return 0
    const start = new TextDecoder().decode(head.subarray(0, 64)).trimStart()
    if (/\.(jsonl|ndjson)$/i.test(name)) return start.startsWith('{') ? 1 : 0.6
    return /^(\{\s*"|\[\s*\{)/.test(start) ? 0.7 : 0
  },
  table: openJsonl,
}

async function openJsonl(file: InputFile, { mapping }: ImportContext): Promise<TableSource> {
  const columns = new Map<string, Set<Cells['kind'] | 'null'>>()
  let rows = 0
  for await (const { value } of rowsOf(file, mapping.encoding)) {
    for (const [key, cell] of Object.entries(value)) columns.set(key, (columns.get(key) ?? new Set()).add(kindOf(cell)))
    if (++rows >= rowsLookedAt) break
  }
  if (rows === 0) throw badInput(`${file.name}: no rows`, { file: file.name, expected: 'one JSON object per line' })
  const known = [...columns].map(([name, kinds]): Column => ({ name, kind: mergedKind(kinds) }))
  return {
    name: file.name,
    columns: known,
    rows: null,
    batches: (names) =>
      batches(
        file,
        mapping.encoding,
        names.map((name) => known.find((column) => column.name === name) as Column),
      ),
  }
}

function kindOf(value: unknown): Cells['kind'] | 'null' {
  if (value === null) return 'null'
  if (typeof value === 'number' || typeof value === 'boolean') return 'number'
  return Array.isArray(value) ? 'list' : 'text'
}

function mergedKind(kinds: ReadonlySet<Cells['kind'] | 'null'>): Cells['kind'] {
  const real = [...kinds].filter((kind) => kind !== 'null')
  return real.length === 1 ? real[0] : 'text'
}

async function* batches(file: InputFile, encoding: string | undefined, columns: readonly Column[]): AsyncGenerator<Batch> {
  let rows: { value: Row; line: number }[] = []
  const take = (): Batch => {
    const batch: Batch = {
      rows: rows.length,
      cells: columns.map((column) => cellsOf(column, rows, file.name)),
      lines: rows.map(({ line }) => line),
    }
    rows = []
    return batch
  }
  for await (const row of rowsOf(file, encoding)) {
    rows.push(row)
    if (rows.length >= batchRows) yield take()
  }
  if (rows.length > 0) yield take()
}

function cellsOf({ name, kind }: Column, rows: readonly { value: Row; line: number }[], file: string): Cells {
  const wrong = (line: number, value: unknown): Error =>
    badInput(`${file}: line ${line}: "${name}" is ${JSON.stringify(value).slice(0, 60)}`, {
      file,
      line,
      path: name,
      found: JSON.stringify(value).slice(0, 80),
      expected: kind === 'number' ? 'a number, like in the rows before' : 'a list of numbers, like in the rows before',
    })
  if (kind === 'number')
    return {
      kind,
      values: Float64Array.from(rows, ({ value, line }) => {
        const cell = value[name] ?? null
        if (cell === null) return NaN
        if (typeof cell !== 'number' && typeof cell !== 'boolean') throw wrong(line, cell)
        return Number(cell)
      }),
    }
  if (kind === 'list')
    return {
      kind,
      values: rows.map(({ value, line }) => {
        const cell = value[name] ?? null
        if (cell !== null && !isNumbers(cell, 0)) throw wrong(line, cell)
        return cell as NestedNumbers | null
      }),
    }
  return {
    kind: 'text',
    values: rows.map(({ value }) => {
      const cell = value[name] ?? null
      return cell === null ? null : typeof cell === 'string' ? cell : JSON.stringify(cell)
    }),
  }
}

const isNumbers = (value: unknown, depth: number): boolean =>
  Array.isArray(value) &&
  depth < 8 &&
  value.every((inner) => (typeof inner === 'number' ? Number.isFinite(inner) : isNumbers(inner, depth + 1)))

/** The objects of the file: one per line, or those of one list. */
async function* rowsOf(file: InputFile, encoding: string | undefined): AsyncGenerator<{ value: Row; line: number }> {
  const start = new TextDecoder()
    .decode(await file.read(0, 256))
    .replace(/^\uFEFF/, '')
    .trimStart()
  if (start.startsWith('[')) {
    yield* rowsOfList(file)
    return
  }
  for await (const { text, line } of textLines(file, encoding)) {
    if (text.trim() === '') continue
    const value = parse(text.replace(/^\uFEFF/, ''), file.name, line)
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw badInput(`${file.name}: line ${line} is no JSON object`, {
        file: file.name,
        line,
        found: text.slice(0, 80),
        expected: '{"text": "…", "label": "…"}',
      })
    yield { value: value as Row, line }
  }
}

async function* rowsOfList(file: InputFile): AsyncGenerator<{ value: Row; line: number }> {
  if (file.size > mostListFileBytes)
    throw badInput(`${file.name}: a JSON list of ${file.size} bytes`, {
      file: file.name,
      expected: `at most ${mostListFileBytes}; write one object per line (JSONL)`,
    })
  const list = parse(new TextDecoder().decode(await readAll(file)).replace(/^\uFEFF/, ''), file.name)
  for (const [i, value] of (list as unknown[]).entries()) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw badInput(`${file.name}: entry ${i} is no JSON object`, {
        file: file.name,
        path: `entry ${i}`,
        expected: '{"text": "…", "label": "…"}',
      })
    yield { value: value as Row, line: i + 1 }
  }
}

function parse(text: string, file: string, line?: number): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw badInput(
      `${file}: ${line === undefined ? 'not JSON' : `line ${line} is not JSON`}: ${error instanceof Error ? error.message : ''}`,
      {
        file,
        ...(line === undefined ? {} : { line }),
        found: text.slice(0, 80),
      },
    )
  }
}
