import { badInput } from '@engine/core/errors'
import type { InputFile } from './inputFile'

/** The text of a file, piece by piece. UTF-8 unless a byte order mark or the mapping says otherwise; wrong bytes are refused. */
export async function* decodeText(file: InputFile, encoding?: string): AsyncGenerator<string> {
  const head = await file.read(0, 2)
  const marked = head[0] === 0xff && head[1] === 0xfe ? 'utf-16le' : head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : undefined
  const decoder = new TextDecoder(marked ?? encoding ?? 'utf-8', { fatal: true })
  let at = 0
  const decode = (bytes?: Uint8Array): string => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true })
    } catch {
      throw badInput(`${file.name}: not ${decoder.encoding} text between bytes ${at} and ${at + (bytes?.length ?? 0)}`, {
        file: file.name,
        expected: `${decoder.encoding}; for older Western files choose the encoding latin1`,
      })
    }
  }
  for await (const bytes of file.stream()) {
    yield decode(bytes)
    at += bytes.length
  }
  yield decode()
}

/** Lines of a text file with their numbers from 1, without line ends. */
export async function* textLines(file: InputFile, encoding?: string): AsyncGenerator<{ readonly text: string; readonly line: number }> {
  let rest = ''
  let line = 0
  for await (const part of decodeText(file, encoding)) {
    const lines = (rest + part).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > mostLineChars)
      throw badInput(`${file.name}: line ${line + lines.length + 1} is longer than ${mostLineChars} characters`, {
        file: file.name,
        line: line + lines.length + 1,
      })
    for (const text of lines) yield { text: text.endsWith('\r') ? text.slice(0, -1) : text, line: ++line }
  }
  if (rest !== '') yield { text: rest.endsWith('\r') ? rest.slice(0, -1) : rest, line: line + 1 }
}

const mostLineChars = 1 << 26
