import { describe, expect, it } from 'vitest'
import { joinResults, readTidy, textTableOf, type TidyRuns } from '@engine/analysis'
import { refusal } from '../../support/errors'

const header = 'strategy,seed,labeled,accuracy'
const read = (text: string, name = 'theirs.csv'): TidyRuns => readTidy(textTableOf(name, text))
const values = ({ runs }: TidyRuns): unknown[] => runs.map(({ strategy, records }) => [strategy, ...records.map((r) => r.metrics.accuracy)])
const refused = (text: string) => refusal(() => read(text))

describe('tables of other programs', () => {
  it('are the same with any line end, a byte order mark and any delimiter', () => {
    const rows = ['random,0,10,0.5', 'random,0,20,0.75']
    const expected = [['random', 0.5, 0.75]]
    for (const end of ['\n', '\r\n', '\r']) {
      expect(values(read(`\uFEFF${[header, ...rows].join(end)}`))).toEqual(expected)
      expect(values(read([header, ...rows].join(end).replaceAll(',', ';')))).toEqual(expected)
    }
  })

  it('are refused by the line of the file, past empty lines and cells of several lines', async () => {
    expect(await refused(`${header}\nrandom,0,10,0.5\n\n\nrandom,0,20,good\n`)).toMatchObject({
      message: 'theirs.csv, line 5: accuracy is good, expected a number with a decimal point, or nothing',
      details: { line: 5, path: 'accuracy' },
    })
    expect(await refused(`${header}\n"two\nlines",0,10,0.5\nrandom,0,-20,0.5\n`)).toMatchObject({ details: { line: 4, found: '-20' } })
    expect(await refused(`${header}\n\nrandom,0,10\n`)).toMatchObject({ details: { line: 3, found: '3 cells' } })
    expect(await refused(`${header}\nrandom,0,10,0.5\n\nrandom,0,10,0.6\n`)).toMatchObject({
      message: 'theirs.csv: lines 2 and 4 are both random, seed 0, 10 labels',
    })
  })

  it('keep gaps as gaps, infinite ones too, and name their lines', () => {
    const { notes, ...rest } = read(`${header}\nrandom,0,10,0.5\nrandom,0,20,Infinity\nrandom,0,30,NaN\nrandom,0,40,\n`)
    expect(values({ ...rest, notes })).toEqual([['random', 0.5, null, null, null]])
    expect(notes.join()).toContain('no value in line 3 (accuracy), line 4 (accuracy), line 5 (accuracy)')
  })

  it('take percentages for fractions, but not the rounding of a fraction for a percentage', () => {
    const percent = read(`${header}\nrandom,0,10,50\nrandom,0,20,75\n`)
    expect(values(percent)).toEqual([['random', 0.5, 0.75]])
    expect(percent.notes.join()).toContain('in percent')
    const rounded = read(`${header}\nrandom,0,10,0.5\nrandom,0,20,1.0000000000000002\n`)
    expect(values(rounded)).toEqual([['random', 0.5, 1.0000000000000002]])
    expect(rounded.notes).toEqual([])
  })

  it('are refused where a rate is neither, or strategies use different units', async () => {
    expect(await refused(`${header}\nrandom,0,10,0.5\nrandom,0,20,-0.1\n`)).toMatchObject({
      details: { line: 3, path: 'accuracy', found: '-0.1' },
    })
    expect(await refused(`${header}\nrandom,0,10,50\nrandom,0,20,850\n`)).toMatchObject({ details: { line: 3, found: '850' } })
    expect(await refused(`${header}\nrandom,0,10,0.5\nbadge,0,10,62\n`)).toMatchObject({
      message: 'theirs.csv: accuracy goes up to 62, but that of random only to 0.5',
    })
  })

  it('are refused when they are no UTF-8 text', async () => {
    const decoded = (text: string, encoding: 'utf16le' | 'latin1'): string => new TextDecoder().decode(Buffer.from(text, encoding))
    expect(await refused(decoded(`${header}\nrandom,0,10,0.5\n`, 'utf16le'))).toMatchObject({ message: 'theirs.csv is not UTF-8 text' })
    expect(await refused(decoded(`${header}\nzufällig,0,10,0.5\n`, 'latin1'))).toMatchObject({ details: { line: 2 } })
  })
})

describe('joined sources', () => {
  it('keep a strategy apart where only one source has a factor, which would make the other match every level', () => {
    const plain = read(`${header}\nrandom,0,10,0.5\nrandom,0,20,0.6\nbadge,0,10,0.5\nbadge,0,20,0.7\n`, 'plain.csv')
    const rows = ['mlp', 'cnn'].flatMap((model) => [`random,0,10,0.4,${model}`, `random,0,20,0.5,${model}`])
    const factorial = read(`${header},model\n${rows.join('\n')}\n`, 'factorial.csv')
    const { results, notes } = joinResults([
      { name: 'factorial.csv', results: factorial },
      { name: 'plain.csv', results: plain },
    ])
    expect(results.strategies).toEqual(['random', 'random (plain.csv)', 'badge'])
    expect(notes).toContain('plain.csv: its random is called "random (plain.csv)", since an earlier source has one')
  })
})
