import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { strategies } from '@engine/strategies/registry'
import { parameterTable } from '../../support/parameterTable'

const folder = new URL('../../../docs/methods/', import.meta.url)
/** The table without the padding that a formatter adds. */
const unpadded = (table: string): string => table.replace(/ +\|/g, ' |').replace(/-{3,}/g, '---')
const sections = ['Parameters', 'Cost', 'Paper and public code', 'What to expect']

describe.each([...strategies.values()].map((strategy) => [strategy.id, strategy] as const))('docs/methods/%s.md', (id, strategy) => {
  const file = new URL(`${id}.md`, folder)
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''

  it('has a page with the title of the method and every section', () => {
    expect(text.split('\n')[0]).toBe(`# ${strategy.title} (\`${id}\`)`)
    for (const section of sections) expect(text).toContain(`\n## ${section}\n`)
  })

  it('lists the parameters of the schema, word by word', () => {
    const listed = text.split('\n## Parameters\n')[1]?.split('\n## ')[0].trim() ?? ''
    expect(unpadded(listed).startsWith(parameterTable(strategy)), `expected\n${parameterTable(strategy)}`).toBe(true)
  })

  it('names the sources of the method', () => {
    for (const { authors, year } of strategy.sources) {
      expect(text).toContain(authors.split(/[ ,]/)[0])
      expect(text).toContain(String(year))
    }
  })
})

it('has no page of an unknown method', () => {
  const pages = readdirSync(folder).filter((name) => name !== 'README.md')
  expect(pages.map((name) => name.replace('.md', '')).sort()).toEqual([...strategies.keys()].sort())
})
