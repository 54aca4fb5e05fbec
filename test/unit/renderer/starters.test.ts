import { expect, it } from 'vitest'
import type { DatasetInfo } from '@contract/types'
import { reviewStudy } from '@engine/study/review'
import { parseStudy } from '@engine/study/schema'
import { starterStudy } from '@/features/data/starterStudy'
import { summaries } from '@/features/design/summaries'
import { emptyStudy } from '@/features/frame/useStarter'

const set = (rows: number, testRows: number, classes: number): DatasetInfo => ({
  id: 'mine',
  title: 'Mine',
  kind: 'vector',
  rows,
  testRows,
  classes,
  shape: [8],
  bytes: 1,
  source: '',
  licence: '',
  sha256: '',
  available: true,
  imported: true,
})
const findingsOf = (text: string, facts: DatasetInfo) =>
  reviewStudy(text, { file: 'study.yaml' }, () => [{ ...facts, name: 'mine' }]).findings.filter(({ severity }) => severity !== 'note')

it('an empty study starts with nothing to mend', () => {
  expect(findingsOf(emptyStudy, set(1797, 0, 10))).toEqual([])
})

it.each([
  ['with test rows', set(3200, 800, 2)],
  ['without', set(1797, 0, 10)],
  ['with many classes', set(20_000, 0, 26)],
  ['that is small', set(178, 0, 3)],
  ['that is tiny', set(40, 0, 2)],
])('so does one on a data set %s', (_, mine) => {
  expect(findingsOf(starterStudy(mine), mine)).toEqual([])
})

it('says where test rows come from', () => {
  const about = (data: string, dataset = 'digits') =>
    summaries.data(parseStudy(`dataset: ${dataset}\ndata: ${data}\nstrategies: [random]`, { file: 'x' }), [
      { id: 'digits', testRows: 0 },
      { id: 'spam', testRows: 800 },
    ])
  expect(about('{}')).toContain('20 % held out as test')
  expect(about('{}', 'spam')).toContain('provided test rows')
  expect(about('{}', '[spam, digits]')).toContain('provided test rows, else 20 % held out as test')
  expect(about('{ test: 0.07 }')).toContain('7 % held out as test')
  expect(about('{ test: 500 }')).toContain('500 rows held out as test')
  expect(about('{ split: s.json }')).toContain('rows as in the split file')
})
