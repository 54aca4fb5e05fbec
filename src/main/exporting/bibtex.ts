import { strategies } from '@engine/strategies/registry'
import type { Citation } from '@engine/strategies/contract'
import type { StatsSpec, Study } from '@engine/study/spec'
import { latexText } from './latex'

/** BibTeX of the methods that a study uses and of its statistics; a reference has the same key in every study. */
export function bibtex(study: Pick<Study, 'strategies' | 'shadow' | 'ablate' | 'stats'>): string {
  const users = new Map<string, { readonly citation: Citation; readonly names: Set<string> }>()
  const cite = (citation: Citation, name: string): void => {
    const key = identity(citation)
    const entry = users.get(key) ?? { citation, names: new Set() }
    users.set(key, entry)
    entry.names.add(name)
  }
  for (const { name, id, params } of [...study.strategies, ...study.shadow]) {
    const levels = Object.entries(study.ablate).filter(([path]) => path.startsWith(`strategies.${name}.`))
    for (const method of methodsIn([id, params, levels])) for (const citation of strategies.get(method)?.sources ?? []) cite(citation, name)
  }
  for (const citation of statisticsSources(study.stats)) cite(citation, 'statistics')
  const keys = citationKeys()
  return [...users.entries()]
    .map(([id, { citation, names }]) => ({ key: keys.get(id)!, citation, names }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(
      ({ key, citation, names }) => `% ${[...names].join(', ').replaceAll(/\s+/g, ' ').replaceAll('@', ' at ')}\n${entryOf(key, citation)}`,
    )
    .join('\n')
}

/** Ids of methods among all texts of parameters: `score: entropy`, `phases: [badge@0, …]`, `batch: kcenter`. */
function methodsIn(value: unknown): string[] {
  if (typeof value === 'string') {
    const id = value.split('@')[0]
    return [id === 'kcenter' ? 'core-set' : id]
  }
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(methodsIn) : []
}

const tests: Readonly<Record<StatsSpec['test'], readonly Citation[]>> = {
  'paired-sign-flip': [{ authors: 'Fisher', title: 'The design of experiments', venue: 'Oliver and Boyd', year: 1935 }],
  'paired-t': [],
  wilcoxon: [{ authors: 'Wilcoxon', title: 'Individual comparisons by ranking methods', venue: 'Biometrics Bulletin', year: 1945 }],
}
const holm: Citation = {
  authors: 'Holm',
  title: 'A simple sequentially rejective multiple test procedure',
  venue: 'Scandinavian Journal of Statistics',
  year: 1979,
}
const bootstrap: Citation = {
  authors: 'Efron, Tibshirani',
  title: 'An introduction to the bootstrap',
  venue: 'Chapman and Hall',
  year: 1993,
}

const statisticsSources = ({ test, correction, band }: StatsSpec): Citation[] => [
  ...tests[test],
  ...(correction === 'holm' ? [holm] : []),
  ...(band === 'bootstrap' ? [bootstrap] : []),
]

const identity = ({ authors, title, year }: Citation): string => `${authors}\n${title}\n${year}`

/** Key by reference, over all that the program knows: first author, year, first telling word of the title. */
function citationKeys(): Map<string, string> {
  const known = [...[...strategies.values()].flatMap(({ sources }) => sources), ...Object.values(tests).flat(), holm, bootstrap]
  const keys = new Map<string, string>()
  const taken = new Set<string>()
  for (const citation of known.sort((a, b) => (identity(a) < identity(b) ? -1 : 1))) {
    if (keys.has(identity(citation))) continue
    const words = plain(citation.title).split(/[^a-z0-9]+/)
    const telling =
      words.find((word) => word !== '' && !/^(a|an|the|on|of|in|for|and|to|via|with|towards?|what|how|is|are)$/.test(word)) ?? ''
    const base = plain(citation.authors.split(/[,&]| and | et /)[0]).replaceAll(/[^a-z0-9]/g, '') + citation.year + telling
    let key = base
    for (let n = 0; taken.has(key); n++) key = base + String.fromCharCode(98 + n)
    taken.add(key)
    keys.set(identity(citation), key)
  }
  return keys
}

const plain = (text: string): string => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()

function entryOf(key: string, { authors, title, venue, year, url }: Citation): string {
  const [type, field] = kindOf(venue)
  const eprint = /arxiv\.org\/abs\/(\S+)/.exec(url ?? '')?.[1]
  const people = authors.replace(/,? et al\.?$/, ', others').split(/, | & | and /)
  const fields: (readonly [string, string])[] = [
    ['author', people.map((person) => (person === 'others' ? person : `{${latexText(person)}}`)).join(' and ')],
    ['title', `{${latexText(title)}}`],
    ...(type === 'misc' && eprint !== undefined ? [] : [[field, latexText(venue)] as const]),
    ['year', String(year)],
    ...(eprint === undefined
      ? []
      : ([
          ['eprint', eprint],
          ['archiveprefix', 'arXiv'],
        ] as const)),
    ...(url === undefined ? [] : [['url', url] as const]),
  ]
  return `@${type}{${key},\n${fields.map(([name, value]) => `  ${name} = {${value}},\n`).join('')}}\n`
}

/** Entry type and the field that holds the venue, from how venues are written. */
function kindOf(venue: string): readonly [type: string, field: string] {
  if (/\bTR\b|technical report/i.test(venue)) return ['techreport', 'institution']
  if (/arxiv/i.test(venue)) return ['misc', 'howpublished']
  if (/journal|transactions|bulletin|biometrika|nature|review|letters|\b(JMLR|TMLR|PAMI|TPAMI|PNAS|IJCV)\b|machine learning$/i.test(venue))
    return ['article', 'journal']
  if (/wiley|press|springer|boyd|hall/i.test(venue)) return ['book', 'publisher']
  return ['inproceedings', 'booktitle']
}
