import { pairwise, resultFindings, statisticsSentence, summarize } from '@engine/analysis'
import { badInput, nearestName } from '@engine/core/errors'
import { lintStudy } from '@engine/study/lint'
import type { ResultSet } from '@engine/study/results'
import type { Finding } from '@engine/study/spec'
import type { ResultView } from '../lab/dependencies'
import type { Manifest } from '../lab/experiment'
import { resultsOf } from '../lab/resultSet'
import { bibtex } from './bibtex'
import { latexTable } from './latex'
import { macros } from './macros'
import { csvTwin, markdownTable, type PaperTable } from './paperTable'
import { paperTables } from './paperTables'

/** What a paper needs of an experiment, before any file is made. */
export interface Paper {
  readonly manifest: Manifest
  readonly studyText: string
  readonly results: ResultSet
  readonly tables: readonly PaperTable[]
  /** ready to paste; empty while nothing can be compared */
  readonly sentence: string
  readonly macros: string
  readonly bibtex: string
  /** what a reviewer would object to: the linter's findings, and what the runs themselves show */
  readonly findings: readonly Finding[]
  readonly finished: number
  readonly failed: number
}

/** Analyses an experiment, finished or not. A `baseline` that is no compared strategy is refused. */
export function paperOf(view: ResultView, baseline?: string): Paper {
  const { manifest, studyText } = view
  const stored = resultsOf(view)
  if (baseline !== undefined) checkBaseline(stored, baseline)
  const results = baseline === undefined ? stored : { ...stored, stats: { ...stored.stats, baseline } }
  const study = { ...manifest.study, stats: results.stats }
  const summary = summarize(results)
  const pairs = pairwise(results)
  const states = manifest.runs.map(({ hash }) => view.state(hash).status)
  return {
    manifest,
    studyText,
    results,
    tables: paperTables(results, summary, pairs),
    sentence: [...new Set(results.runs.map(({ dataset }) => dataset))]
      .map((dataset, _, all) => {
        const text = statisticsSentence(results, { dataset })
        return all.length > 1 && text !== '' ? `${dataset}: ${text}` : text
      })
      .filter((text) => text !== '')
      .join('\n'),
    macros: macros(summary, pairs),
    bibtex: bibtex(study),
    findings: findingsOf(lintStudy(study, manifest.datasets), resultFindings(results)),
    finished: states.filter((status) => status === 'finished').length,
    failed: states.filter((status) => status === 'failed').length,
  }
}

/** Both lists; where the study file and the runs show the same, what the runs show. */
const findingsOf = (planned: readonly Finding[], shown: readonly Finding[]): Finding[] => [
  ...planned.filter(({ code }) => !shown.some((finding) => finding.code === code)),
  ...shown,
]

function checkBaseline(results: ResultSet, baseline: string): void {
  const names = results.strategies.filter((name) => !results.lines.includes(name))
  if (!names.includes(baseline))
    throw badInput(`"${baseline}" is no strategy that others can be compared with here`, {
      found: baseline,
      expected: names.join(', '),
      nearest: nearestName(baseline, names),
    })
}

export type TableFormat = 'csv' | 'markdown' | 'latex'

/** Every table as a file text by name; LaTeX adds the macros and the bibliography. */
export function tableFiles(paper: Paper, formats: readonly TableFormat[]): Record<string, string> {
  const files: Record<string, string> = {}
  for (const table of paper.tables) {
    if (formats.includes('csv')) files[`${table.id}.csv`] = csvTwin(table)
    if (formats.includes('markdown')) files[`${table.id}.md`] = markdownTable(table)
    if (formats.includes('latex')) files[`${table.id}.tex`] = latexTable(table)
  }
  if (formats.includes('latex')) {
    files['macros.tex'] = paper.macros
    files['references.bib'] = paper.bibtex
  }
  if (paper.sentence !== '') files['statistics.txt'] = `${paper.sentence}\n`
  return files
}
