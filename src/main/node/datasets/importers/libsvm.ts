import { badInput } from '@engine/core/errors'
import type { InputFile } from '../source/inputFile'
import { textLines } from '../source/text'
import type { Batch, FileImporter, ImportContext, TableSource } from './contract'
import { isText } from './csv'

const rowPattern = /^\s*[+-]?[\d.]+(?:[eE][+-]?\d+)?(?:\s+(?:qid:\d+\s+)?\d+:[^\s:]+)*\s*(?:#.*)?$/
const mostFeatures = 100_000
const batchValues = 1 << 22

export const libsvm: FileImporter = {
  id: 'libsvm',
  title: 'LIBSVM',
  sniff: (head, name) => {
    if (!isText(head)) return 0
    const lines = new TextDecoder('latin1').decode(head).split('\n').slice(0, 5)
    if (lines.length > 1) lines.pop() // cut by the look
    const fits = lines.filter((line) => line.trim() !== '').every((line) => rowPattern.test(line.replace(/\r$/, '')) && /\d:/.test(line))
    return fits && lines.join('').trim() !== '' ? 0.9 : /\.(libsvm|svm)$/i.test(name) ? 0.5 : 0
  },
  table: openLibsvm,
}

/** `label index:value …`, indices from 1 (or 0 when one is), what is not listed is 0: one list of values a row. */
async function openLibsvm(file: InputFile, { mapping }: ImportContext): Promise<TableSource> {
  let rows = 0
  let highest = 0
  let lowest = 1
  for await (const { entries } of rowsOf(file, mapping.encoding)) {
    rows++
    for (const [index] of entries) {
      if (index > highest) highest = index
      if (index < lowest) lowest = index
    }
  }
  const width = highest - lowest + 1
  if (width > mostFeatures || width < 1)
    throw badInput(`${file.name}: ${width} features`, { file: file.name, found: String(width), expected: `1 to ${mostFeatures}` })
  return {
    name: file.name,
    columns: [
      { name: 'features', kind: 'list' },
      { name: 'label', kind: 'number' },
    ],
    rows,
    batches: (asked) => batches(file, mapping.encoding, lowest, width, asked),
  }
}

async function* batches(
  file: InputFile,
  encoding: string | undefined,
  lowest: number,
  width: number,
  asked: readonly string[],
): AsyncGenerator<Batch> {
  let labels: number[] = []
  let lists: Float64Array[] = []
  let lines: number[] = []
  const take = (): Batch => {
    const [values, numbers] = [lists, labels]
    const batch: Batch = {
      rows: labels.length,
      lines,
      cells: asked.map((name) => (name === 'label' ? { kind: 'number', values: numbers } : { kind: 'list', values })),
    }
    labels = []
    lists = []
    lines = []
    return batch
  }
  for await (const { label, entries, line } of rowsOf(file, encoding)) {
    const list = new Float64Array(width)
    for (const [index, value] of entries) list[index - lowest] = value
    labels.push(label)
    lists.push(list)
    lines.push(line)
    if (labels.length * width >= batchValues) yield take()
  }
  if (labels.length > 0) yield take()
}

async function* rowsOf(
  file: InputFile,
  encoding: string | undefined,
): AsyncGenerator<{ label: number; entries: readonly (readonly [number, number])[]; line: number }> {
  for await (const { text, line } of textLines(file, encoding)) {
    const words = text.replace(/#.*$/, '').trim().split(/\s+/)
    if (words[0] === '') continue
    const wrong = (word: string): Error =>
      badInput(`${file.name}: line ${line}: "${word.slice(0, 40)}" is not understood`, {
        file: file.name,
        line,
        found: word.slice(0, 80),
        expected: 'label index:value index:value …',
      })
    const label = Number(words[0])
    if (Number.isNaN(label)) throw wrong(words[0])
    let previous = -1
    const entries = words.slice(1).flatMap((word): (readonly [number, number])[] => {
      if (word.startsWith('qid:')) return []
      const [, index, value] = /^(\d+):(\S+)$/.exec(word) ?? []
      if (index === undefined || !Number.isFinite(Number(value))) throw wrong(word)
      if (Number(index) <= previous)
        throw badInput(`${file.name}: line ${line}: index ${index} comes after ${previous}`, {
          file: file.name,
          line,
          expected: 'ascending indices',
        })
      previous = Number(index)
      return [[previous, Number(value)]]
    })
    yield { label, entries, line }
  }
}
