import { expect, it } from 'vitest'
import { strategyCatalog } from '@engine/study/catalog'
import { kindOf, parseWords, wordsText } from '@/features/design/fieldSchema'

it.each([
  ['python3 my.py', ['python3', 'my.py']],
  ['"my programs/a.py"  -x', ['my programs/a.py', '-x']],
  ['', []],
])('a command is edited as words: %s', (text, words) => {
  expect(parseWords(text)).toEqual(words)
  expect(parseWords(wordsText(words))).toEqual(words)
})

it('the command of an external method is a list of words', () => {
  const external = strategyCatalog().find(({ id }) => id === 'external')
  expect(kindOf(external?.parameters.command ?? {})).toEqual({ kind: 'words' })
})
