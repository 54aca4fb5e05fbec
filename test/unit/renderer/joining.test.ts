import { describe, expect, it } from 'vitest'
import { readTidy, textTableOf } from '@engine/analysis'
import { QuerentError } from '@engine/core/errors'
import { lackingColumn } from '@/features/compare/columnQuestion'
import { joinSources } from '@engine/analysis/tidy/joinSources'
import { figureResults } from '../../support/figureResults'

const csv = `method;rep;n_labels;acc;data
margin;0;20;55;digits
margin;0;30;60;digits
margin;1;20;58;digits
margin;1;30;63;digits
`
const table = { id: 'table-1', name: 'theirs', results: readTidy(textTableOf('theirs.csv', csv)), strategies: [] }

describe('joined sources', () => {
  const own = figureResults({ oracles: ['margin'] })

  it('are the experiment itself when nothing was added', () => {
    expect(joinSources(own, []).results).toBe(own)
  })

  it('say the origin of every strategy and keep the experiment as it is', () => {
    const other = { id: 'e2', name: 'later', results: own, strategies: [{ name: 'random', id: 'random' }] }
    const { results, strategies, notes } = joinSources(own, [table, other])
    expect(results.strategies).toEqual([...own.strategies, ...own.strategies.map((name) => `later: ${name}`), 'theirs: margin'])
    expect(results.oracles).toEqual(['margin', 'later: margin'])
    expect(results.stats).toEqual(own.stats)
    expect(strategies.find(({ name }) => name === 'later: random')?.id).toBe('random')
    expect(strategies.find(({ name }) => name === 'theirs: margin')?.id).toBe('margin')
    expect(notes.join(' ')).toContain('paired by seed number')
    const theirs = results.runs.filter(({ strategy }) => strategy === 'theirs: margin')
    expect(theirs.map(({ records }) => records.map(({ metrics }) => metrics.accuracy))).toEqual([
      [0.55, 0.6],
      [0.58, 0.63],
    ])
  })

  it('tell sources of one name apart, and name those on other data', () => {
    const wine = { ...table, id: 'table-2', results: readTidy(textTableOf('theirs.csv', csv.replaceAll('digits', 'wine'))) }
    const { results, notes } = joinSources(own, [table, wine])
    expect(results.strategies).toContain('theirs 2: margin')
    expect(notes[0]).toBe('theirs 2 has no run on digits, only on wine')
  })
})

describe('a column under a name of its own', () => {
  const refused = (text: string): QuerentError => {
    try {
      readTidy(textTableOf('x.csv', text))
    } catch (error) {
      if (error instanceof QuerentError) return error
    }
    throw new Error('the table was read')
  }

  it('is asked for, with the header to choose from', () => {
    const lacking = lackingColumn(refused('who,seed,labeled,accuracy\nmargin,0,20,0.5\n'))
    expect(lacking).toMatchObject({ column: 'strategy', header: ['who', 'seed', 'labeled', 'accuracy'] })
  })

  it('is no question where the table is wrong otherwise', () => {
    expect(lackingColumn(refused('strategy,seed,labeled,accuracy\nmargin,0,many,0.5\n'))).toBeNull()
  })
})
