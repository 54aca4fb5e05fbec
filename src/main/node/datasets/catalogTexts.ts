import { badInput } from '@engine/core/errors'
import type { Part } from '@engine/data/assemble'
import { hashText } from '@engine/data/hashedText'
import { resourcePath } from '../resources'
import { catalog, type CatalogFormat } from './catalog'
import { readBytes } from './files'

type TextFormat = Extract<CatalogFormat, { type: 'texts' }>

interface LabeledTexts {
  readonly labels: readonly string[]
  readonly texts: readonly string[]
}

/** Lines `class, tab, text`. */
function readLines(bytes: Uint8Array, file: string): LabeledTexts {
  const lines = new TextDecoder().decode(bytes).split('\n')
  if (lines.at(-1) === '') lines.pop()
  const tabs = lines.map((line) => line.indexOf('\t'))
  const stray = tabs.findIndex((tab) => tab < 1)
  if (stray >= 0) throw badInput(`${file}: no class before the text of line ${stray + 1}`, { file, path: `line ${stray + 1}` })
  return { labels: lines.map((line, i) => line.slice(0, tabs[i])), texts: lines.map((line, i) => line.slice(tabs[i] + 1)) }
}

/** Texts as hashed word features (n × `features`) with the names of their classes. */
export function readTextEntry(
  { train, test, features }: TextFormat,
  read: (file: string) => Uint8Array,
): { readonly train: Part; readonly test: Part } {
  const part = (file: string): Part => {
    const { labels, texts } = readLines(read(file), file)
    const data = new Float32Array(texts.length * features)
    texts.forEach((text, i) => hashText(text, data.subarray(i * features, (i + 1) * features)))
    return {
      inputs: { data, shape: [texts.length, features], dtype: 'float32' },
      inputsName: file,
      labels: { kind: 'names', names: labels },
      labelsName: file,
    }
  }
  return { train: part(train), test: part(test) }
}

/** The words of rows of a set that comes with the app; null when it holds no texts. */
export function catalogTexts(id: string, part: 'train' | 'test', rows: readonly number[]): readonly string[] | null {
  const format = catalog.find((entry) => entry.id === id)?.format
  if (format?.type !== 'texts') return null
  const file = format[part]
  const { texts } = readLines(readBytes(resourcePath('data', file), file), file)
  return rows.map((row) => texts[row])
}
