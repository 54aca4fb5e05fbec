import { badInput } from '@engine/core/errors'
import { toIntegers } from '@engine/data/numericArray'
import { isNpy, readNpy } from '@engine/data/npy'

/** The rows of an answer: a .npy list, or JSON — a list of rows, the whole text or its last line. */
export function readAnswer(bytes: Uint8Array, command: string): readonly number[] {
  if (isNpy(bytes)) return [...toIntegers(readNpy(bytes, `the answer of ${command}`), `the answer of ${command}`)]
  const text = new TextDecoder().decode(bytes).trim()
  const value = parsed(text) ?? parsed(text.split('\n').at(-1) ?? '')
  if (Array.isArray(value) && value.every((row): row is number => Number.isInteger(row))) return value
  throw badInput(`${command} answered no list of rows`, {
    path: 'command',
    found: text === '' ? 'nothing' : text.slice(-200),
    expected: 'a JSON list of rows on stdout or in the answer file, or a .npy array there',
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
