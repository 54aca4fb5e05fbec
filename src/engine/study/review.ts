import type { Trunks } from './backbones'
import { checkAgainstDataset, type DatasetFacts } from './feasible'
import { lintStudy } from './lint'
import type { Path } from './paths'
import { checkStudy, type CheckedStudy, type StudyOptions } from './schema'
import { readSource } from './source'
import type { Finding, Study } from './spec'

/**
 * Everything that can be said about a study file at once: what is wrong with it, what its data sets do not allow, what a reviewer
 * would object to; each with its line. `factsOf` gives the facts of the study's data sets that are known, `trunks` what is known of its backbones.
 */
export function reviewStudy(
  text: string,
  options: StudyOptions,
  factsOf: (study: Study) => readonly DatasetFacts[],
  trunks: Trunks = {},
): CheckedStudy {
  const checked = checkStudy(text, options)
  if (checked.study === null) return checked
  const facts = factsOf(checked.study)
  const { lineOf } = readSource(text)
  const more = [...checkAgainstDataset(checked.study, facts, trunks), ...lintStudy(checked.study, facts)].map((finding): Finding => {
    const line = lineOf(stepsOf(finding.path))
    return line === undefined ? finding : { ...finding, line }
  })
  const isPossible = more.every(({ severity }) => severity !== 'error')
  return { study: isPossible ? checked.study : null, findings: [...checked.findings, ...more] }
}

/** The steps of a finding's path; the path of a factor is one step. */
export function stepsOf(path: string): Path {
  if (path === '') return []
  const factor = /^ablate\.(.+?)((?:\[\d+\])?)$/.exec(path)
  const parts = factor
    ? ['ablate', factor[1]]
    : path
        .replace(/\[\d+\]/g, '.$&')
        .split('.')
        .filter((part) => part !== '')
  const steps = parts.map((part) => (/^\[\d+\]$/.test(part) ? Number(part.slice(1, -1)) : part))
  return factor?.[2] ? [...steps, Number(factor[2].slice(1, -1))] : steps
}
