import { nearestName } from '../core/errors'
import { canonicalJson } from '../core/hash'
import { strategies } from '../strategies/registry'
import { protocolProblems, startProblems } from './consistency'
import { isLine, parameterNames } from './entries'
import { keysOf, sections } from './fields'
import { describe, isRecord, splitStrategyPath, type Path } from './paths'
import { hint, problem, problemsOf, type Problem } from './problems'
import type { FactorValue, StrategyEntry, Study } from './spec'

/** Runs above which a grid is refused as a slip of the pen. */
export const largestGrid = 200_000
/** Combinations of levels and strategies above which expanding a grid would keep a person waiting. */
export const mostVariants = 10_000

const factorSections = ['data', 'model', 'training', 'protocol'] as const
const fixed = new Set(['protocol.seed', 'protocol.seeds'])

/** Every path of the study that `ablate` may name. */
export function factorPaths(study: Pick<Study, 'strategies'>): string[] {
  const shared = factorSections.flatMap((section) => keysOf(section).map((key) => `${section}.${key}`))
  const own = study.strategies
    .filter((entry) => !isLine(entry))
    .flatMap((entry) => [...parametersOf(entry), 'rounds'].map((parameter) => `strategies.${entry.name}.${parameter}`))
  return [...shared.filter((path) => !fixed.has(path)), ...own]
}

function parametersOf(entry: StrategyEntry): string[] {
  const strategy = strategies.get(entry.id)
  return strategy === undefined ? [] : parameterNames(strategy, entry.params)
}

/** One cell of the grid: the study with a level of every factor set. */
export interface Cell {
  readonly levels: Readonly<Record<string, FactorValue>>
  readonly study: Study
}

/** All combinations of factor levels, the last factor varying fastest. */
export function cellsOf(study: Study): Cell[] {
  // A model's type decides which of its fields count, so it is set before them.
  const paths = Object.keys(study.ablate)
  const order = [...paths].sort((a, b) => Number(b === 'model.type') - Number(a === 'model.type'))
  const combinations = paths.reduce<Readonly<Record<string, FactorValue>>[]>(
    (cells, path) => cells.flatMap((levels) => study.ablate[path].map((level) => ({ ...levels, [path]: level }))),
    [{}],
  )
  return combinations.map((levels) => ({
    levels,
    study: order.reduce((result, path) => setFactor(result, path, levels[path]).study, study),
  }))
}

/** The study with one field replaced, checked like the file; a field that the model's type does not have changes nothing. */
export function setFactor(
  study: Study,
  path: string,
  level: FactorValue,
): { readonly study: Study; readonly problems: readonly Problem[] } {
  const named = splitStrategyPath(
    path,
    study.strategies.map(({ name }) => name),
  )
  if (named !== null) return setParameter(study, named.name, named.field, level)
  const [section, key] = path.split('.') as [(typeof factorSections)[number], string]
  const before = study[section] as Readonly<Record<string, unknown>>
  const known = keysOf(section, section === 'model' && key === 'type' ? level : before.type)
  const isTypeChange = section === 'model' && key === 'type'
  if (!isTypeChange && !known.includes(key)) {
    const elsewhere = someModel(key, level)
    return { study, problems: elsewhere }
  }
  const value = { ...Object.fromEntries(Object.entries(before).filter(([name]) => known.includes(name))), [key]: level }
  const parsed = sections[section].safeParse(value)
  if (!parsed.success) return { study, problems: problemsOf(parsed.error.issues, value, [section], () => known) }
  return { study: withStart({ ...study, [section]: parsed.data }, isTypeChange), problems: [] }
}

/** Another type of model has no backbone to start from. */
const withStart = (study: Study, isTypeChange: boolean): Study =>
  isTypeChange && study.model.type !== 'finetune' && study.training.weightStart === 'pretrained'
    ? { ...study, training: { ...study.training, weightStart: 'reinit-fresh' } }
    : study

/** A field of another model type: its level is checked against a type that has it. */
function someModel(key: string, level: FactorValue): Problem[] {
  const type = sections.model.options.map((option) => option.shape.type.value).find((candidate) => keysOf('model', candidate).includes(key))
  const value = { type, [key]: level }
  const parsed = sections.model.safeParse(value)
  return parsed.success ? [] : problemsOf(parsed.error.issues, value, ['model'], () => keysOf('model', type))
}

function setParameter(
  study: Study,
  name: string,
  field: string,
  level: FactorValue,
): { readonly study: Study; readonly problems: readonly Problem[] } {
  const index = study.strategies.findIndex((entry) => entry.name === name)
  const entry = study.strategies[index]
  const steps: Path = ['strategies', index]
  const replaced = (next: StrategyEntry): Study => ({
    ...study,
    strategies: study.strategies.map((other, i) => (i === index ? next : other)),
  })
  if (field === 'rounds') {
    const isCount = typeof level === 'number' && Number.isInteger(level) && level >= 1
    if (isCount) return { study: replaced({ ...entry, rounds: level }), problems: [] }
    return {
      study,
      problems: [
        problem('wrong-type', [...steps, 'rounds'], `expected a whole number, at least 1, found ${describe(level)}`, {
          found: describe(level),
        }),
      ],
    }
  }
  const value = { ...entry.params, [field]: level }
  const parsed = strategies.get(entry.id)?.params.safeParse(value)
  if (parsed === undefined || !parsed.success)
    return { study, problems: problemsOf(parsed?.error.issues ?? [], value, steps, () => parametersOf(entry)) }
  return { study: replaced({ ...entry, params: parsed.data as StrategyEntry['params'] }), problems: [] }
}

/** Checks the `ablate` section: known paths, lists of valid and different levels, and cells that make sense. */
export function checkFactors(study: Study, raw: unknown): { readonly ablate: Study['ablate']; readonly problems: readonly Problem[] } {
  if (!isRecord(raw))
    return {
      ablate: {},
      problems: [
        problem('wrong-type', ['ablate'], `expected paths with lists of levels, found ${describe(raw)}`, {
          found: describe(raw),
          expected: 'path: [level, …]',
        }),
      ],
    }
  const known = factorPaths(study)
  const problems: Problem[] = []
  const ablate: Record<string, readonly FactorValue[]> = {}
  for (const [path, levels] of Object.entries(raw)) {
    const found = known.includes(path) ? levelProblems(study, path, levels) : [unknownFactor(path, known)]
    if (found.length === 0) ablate[path] = levels as readonly FactorValue[]
    problems.push(...found)
  }
  if (problems.length > 0) return { ablate, problems }
  const cells = Object.values(ablate).reduce((product, levels) => product * levels.length, 1)
  const variants = cells * study.strategies.length
  const runs = cells * study.strategies.length * study.protocol.seeds * Math.max(1, study.datasets.length)
  const tooLarge = (count: number, what: string, most: number) => ({
    ablate,
    problems: [
      problem('grid-too-large', ['ablate'], `the grid has ${count} ${what}; the most is ${most}`, {
        found: String(count),
        expected: `at most ${most}`,
      }),
    ],
  })
  if (runs > largestGrid) return tooLarge(runs, 'runs', largestGrid)
  if (variants > mostVariants) return tooLarge(variants, 'combinations of strategies and levels', mostVariants)
  const problemsIn = (cell: Study): Problem[] => [...protocolProblems(cell.protocol), ...startProblems(cell)]
  // What is wrong with the study's own fields is told there.
  const told = new Set(problemsIn(study).map(({ finding }) => finding.message))
  const broken = new Map<string, Problem>()
  for (const cell of cellsOf({ ...study, ablate })) {
    for (const { finding } of problemsIn(cell.study)) {
      if (!told.has(finding.message) && !broken.has(finding.message))
        broken.set(
          finding.message,
          problem(finding.code, ['ablate'], `at ${levelsText(cell.levels)}: ${finding.path}: ${finding.message}`, {
            found: finding.found,
            expected: finding.expected,
          }),
        )
    }
  }
  return { ablate, problems: [...broken.values()] }
}

const levelsText = (levels: Cell['levels']): string =>
  Object.entries(levels)
    .map(([path, level]) => `${path} = ${describe(level)}`)
    .join(', ')

function unknownFactor(path: string, known: readonly string[]): Problem {
  const nearest = nearestName(path, known)
  const why = fixed.has(path)
    ? `"${path}" cannot be a factor: repeats are made from it`
    : `"${path}" is no field that can be a factor${hint(nearest)}`
  return problem('unknown-factor', ['ablate', path], why, {
    found: path,
    expected: 'section.field or strategies.<name>.<parameter>',
    nearest,
  })
}

function levelProblems(study: Study, path: string, levels: unknown): Problem[] {
  if (!Array.isArray(levels) || levels.length === 0) {
    return [
      problem('wrong-type', ['ablate', path], `expected a list of levels, found ${describe(levels)}`, {
        found: describe(levels),
        expected: 'a list of levels',
      }),
    ]
  }
  if (levels.length > mostVariants)
    return [
      problem('grid-too-large', ['ablate', path], `expected at most ${mostVariants} levels, found ${levels.length}`, {
        found: String(levels.length),
        expected: `at most ${mostVariants}`,
      }),
    ]
  const seen = new Set<string>()
  return levels.flatMap((level: unknown, i): Problem[] => {
    const steps: Path = ['ablate', path, i]
    if (!isLevel(level))
      return [problem('wrong-type', steps, `expected a value or a list of values, found ${describe(level)}`, { found: describe(level) })]
    const text = canonicalJson(level)
    if (seen.has(text))
      return [problem('duplicate-level', steps, `the level ${describe(level)} is there twice`, { found: describe(level) })]
    seen.add(text)
    return setFactor(study, path, level).problems.map(({ finding }) =>
      problem(finding.code, steps, finding.message, { found: finding.found, expected: finding.expected, nearest: finding.nearest }),
    )
  })
}

function isLevel(value: unknown): value is FactorValue {
  if (Array.isArray(value)) return value.every((member) => typeof member === 'string' || typeof member === 'number')
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}
