import { badInput, QuerentError } from '../core/errors'
import type { z } from '../core/zod'
import { strategies } from '../strategies/registry'
import { consistencyProblems, datasetProblems } from './consistency'
import { checkEntry, isLine } from './entries'
import { checkFactors } from './factors'
import { datasetField, keysOf, metricIds, metricsField, modelKeys, sections, studyKeys, studyName } from './fields'
import { describe, isRecord, parsePath, withValueAt, type Path } from './paths'
import { problem, problemsOf, unknownKey, type Problem } from './problems'
import { readSource } from './source'
import type { DatasetRef, Finding, StrategyEntry, Study } from './spec'

/** Beyond these, a file is a slip or an attack: saying more helps nobody and finding the lines takes long. */
const mostFindings = 100
const mostEntries = 1000

export interface StudyOptions {
  /** name of the file, for errors and as the study's name when it has none */
  readonly file: string
  /** `--set path=value`, already parsed; applied before anything is checked */
  readonly overrides?: readonly (readonly [path: string, value: unknown])[]
}

export interface CheckedStudy {
  /** null when a finding is an error */
  readonly study: Study | null
  readonly findings: readonly Finding[]
}

/** Reads a study file (YAML or JSON), fills in every default and refuses what is wrong with its place, what was found and what was expected. */
export function parseStudy(text: string, options: StudyOptions): Study {
  const { study, findings } = checkStudy(text, options)
  if (study !== null) return study
  const [first, ...rest] = findings.filter((finding) => finding.severity === 'error')
  const where = [
    options.file,
    ...(first.line === undefined || first.code === 'broken-yaml' ? [] : [`line ${first.line}`]),
    ...(first.path === '' ? [] : [first.path]),
  ].join(', ')
  const more =
    rest.length === 0
      ? ''
      : ` (and ${rest.length} more: ${rest
          .slice(0, 5)
          .map((finding) => finding.path || finding.message)
          .join(', ')}${rest.length > 5 ? ', …' : ''})`
  throw badInput(`${where}: ${first.message}${more}`, {
    file: options.file,
    path: first.path,
    line: first.line,
    found: first.found,
    expected: first.expected,
    nearest: first.nearest,
  })
}

/** Like `parseStudy`, but says everything that is wrong instead of throwing the first of it. */
export function checkStudy(text: string, options: StudyOptions): CheckedStudy {
  const source = readSource(text)
  if (source.findings.length > 0) return { study: null, findings: source.findings }
  const problems: Problem[] = []
  const value = applyOverrides(source.value, options.overrides ?? [], problems)
  const study = studyOf(value, options.file, problems)
  const findings = problems.slice(0, mostFindings).map(({ steps, finding }) => {
    const line = source.lineOf(steps)
    return line === undefined ? finding : { ...finding, line }
  })
  return { study: findings.some((finding) => finding.severity === 'error') ? null : study, findings }
}

function applyOverrides(value: unknown, overrides: NonNullable<StudyOptions['overrides']>, problems: Problem[]): unknown {
  let result = value
  for (const [path, level] of overrides) {
    try {
      const steps = parsePath(path, entryNames(result))
      // An entry written as a bare id becomes an object when one of its parameters is set.
      const entry = steps[0] === 'strategies' && steps.length > 2 ? listOf(result, 'strategies')[Number(steps[1])] : undefined
      if (typeof entry === 'string') result = withValueAt(result, steps.slice(0, 2), { id: entry })
      result = withValueAt(result, steps, level)
    } catch (error) {
      if (!(error instanceof QuerentError)) throw error
      problems.push(problem('unknown-path', [path], error.message, { found: error.details.found, expected: error.details.expected }))
    }
  }
  return result
}

const listOf = (value: unknown, key: string): readonly unknown[] => (isRecord(value) && Array.isArray(value[key]) ? value[key] : [])

const entryNames = (value: unknown): string[] =>
  listOf(value, 'strategies').map((entry) => {
    const name = isRecord(entry) ? (entry.name ?? entry.id) : entry
    return typeof name === 'string' ? name : ''
  })

function studyOf(value: unknown, file: string, problems: Problem[]): Study | null {
  if (!isRecord(value)) {
    problems.push(
      problem('wrong-type', [], `expected a study, found ${describe(value ?? undefined)}`, {
        found: describe(value ?? undefined),
        expected: 'an object with dataset and strategies',
      }),
    )
    return null
  }
  const unknown = Object.keys(value).filter((key) => !(studyKeys as readonly string[]).includes(key))
  for (const key of unknown.slice(0, mostFindings)) problems.push(unknownKey([], key, studyKeys))
  // An empty section (`ablate:` with nothing below) reads as null and means the same as leaving it out.
  const raw = (key: (typeof studyKeys)[number]): unknown => value[key] ?? undefined
  const read = <T>(
    key: (typeof studyKeys)[number],
    schema: z.ZodType<T>,
    fallback: unknown,
    known: (given: unknown, below: Path) => readonly string[] = () => [],
  ): T | null => {
    const given = raw(key) ?? fallback
    const parsed = schema.safeParse(given)
    if (parsed.success) return parsed.data
    problems.push(...problemsOf(parsed.error.issues, given, [key], (below) => known(given, below)))
    return null
  }

  const study = read('study', studyName, nameOfFile(file))
  const dataset = read('dataset', datasetField, undefined)
  const data = read('data', sections.data, {}, () => keysOf('data'))
  const model = read('model', sections.model, { type: 'mlp' }, modelKeys)
  const training = read('training', sections.training, {}, () => keysOf('training'))
  const protocol = read('protocol', sections.protocol, {}, () => keysOf('protocol'))
  const metrics = read('metrics', metricsField, metricIds)
  const stats = read('stats', sections.stats, {}, () => keysOf('stats'))
  const run = read('run', sections.run, {}, () => keysOf('run'))
  const entries = entriesOf('strategies', raw('strategies'), problems)
  const shadow = entriesOf('shadow', raw('shadow') ?? [], problems)
  const datasets: readonly DatasetRef[] = dataset === null ? [] : Array.isArray(dataset) ? dataset : [dataset]
  problems.push(...datasetProblems(datasets))
  if (
    study === null ||
    data === null ||
    model === null ||
    training === null ||
    protocol === null ||
    metrics === null ||
    stats === null ||
    run === null
  )
    return null

  const names = entries.map(({ name }) => name)
  const result: Study = {
    study,
    datasets,
    data,
    model,
    training: model.type === 'finetune' && !saysStart(raw('training')) ? { ...training, weightStart: 'pretrained' } : training,
    protocol: { ...protocol, vary: [...protocol.vary].sort() },
    strategies: entries,
    shadow,
    ablate: {},
    metrics,
    stats: {
      ...stats,
      baseline:
        stats.baseline ?? (names.includes('random') ? 'random' : ((entries.find((entry) => !isLine(entry)) ?? entries.at(0))?.name ?? '')),
      metric: stats.metric ?? (metrics.includes('accuracy') ? 'accuracy' : metrics[0]),
    },
    run,
  }
  problems.push(...consistencyProblems(result))
  const factors = checkFactors(result, raw('ablate') ?? {})
  problems.push(...factors.problems)
  return { ...result, ablate: factors.ablate }
}

const saysStart = (training: unknown): boolean => isRecord(training) && training.weightStart !== undefined

const nameOfFile = (file: string): string => {
  const name = (file.split(/[/\\]/).pop() ?? '').replace(/\.(ya?ml|json)$/i, '')
  return studyName.safeParse(name).success ? name : 'study'
}

function entriesOf(key: 'strategies' | 'shadow', raw: unknown, problems: Problem[]): StrategyEntry[] {
  if (!Array.isArray(raw) || (key === 'strategies' && raw.length === 0)) {
    const found = describe(raw)
    problems.push(
      problem(raw === undefined ? 'missing' : 'wrong-type', [key], `expected a list of strategies, found ${found}`, {
        found,
        expected: 'a list of strategies',
      }),
    )
    return []
  }
  if (raw.length > mostEntries) {
    problems.push(
      problem('wrong-value', [key], `expected at most ${mostEntries} entries, found ${raw.length}`, {
        found: String(raw.length),
        expected: `at most ${mostEntries}`,
      }),
    )
    return []
  }
  const seen = new Map<string, number>()
  return raw.flatMap((member: unknown, i) => {
    const checked = checkEntry(member, [key, i])
    problems.push(...checked.problems)
    const { entry } = checked
    if (entry === null) return []
    const earlier = seen.get(entry.name)
    if (earlier !== undefined) {
      const steps: Path = isRecord(member) && member.name !== undefined ? [key, i, 'name'] : [key, i]
      problems.push(
        problem('duplicate-name', steps, `the name "${entry.name}" is taken by ${key}[${earlier}]; give one of them another name`, {
          found: entry.name,
          expected: 'a name used once',
        }),
      )
    }
    seen.set(entry.name, i)
    if (entry.rounds !== undefined && (key === 'shadow' || isLine(entry)))
      problems.push(
        problem(
          'unknown-key',
          [key, i, 'rounds'],
          key === 'shadow'
            ? 'a shadow has no rounds: it is asked in all rounds of a run'
            : `"${entry.id}" has no rounds: it queries nothing`,
          { found: 'rounds' },
        ),
      )
    if (key === 'shadow' && (isLine(entry) || strategies.get(entry.id)?.wholePool || strategies.get(entry.id)?.proxy))
      problems.push(
        problem('wrong-value', [key, i], `"${entry.id}" does not choose by the state it is in, so it cannot be a shadow`, {
          found: entry.id,
        }),
      )
    return [entry]
  })
}
