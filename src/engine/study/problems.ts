import { nearestName } from '../core/errors'
import type { z } from '../core/zod'
import { describe, formatPath, type Path } from './paths'
import type { Finding } from './spec'

export type Issue = z.core.$ZodIssue

/** A finding with its place still in steps, for the line in the file. */
export interface Problem {
  readonly steps: Path
  readonly finding: Finding
}

export function problem(code: string, steps: Path, message: string, more: Partial<Finding> = {}): Problem {
  return { steps, finding: { code, severity: 'error', path: formatPath(steps), message, ...more } }
}

export function unknownKey(steps: Path, key: string, known: Iterable<string>): Problem {
  const names = [...known]
  const nearest = nearestName(key, names)
  return problem('unknown-key', [...steps, key], `unknown key "${key}"${hint(nearest)}`, {
    found: key,
    expected: names.join(' · '),
    nearest,
  })
}

export const hint = (nearest: string | undefined): string => (nearest === undefined ? '' : `; did you mean "${nearest}"?`)

/** What a schema says about `value`, as problems below `base`. `knownKeys` names the keys of the object at a path below base. */
export function problemsOf(issues: readonly Issue[], value: unknown, base: Path, knownKeys: (below: Path) => readonly string[]): Problem[] {
  // Of a number beyond two bounds the last says all: first comes that of whole numbers at large, then that of the field.
  const said = issues.filter(
    ({ code, path }, i) => code !== 'too_big' || !issues.slice(i + 1).some((later) => later.code === code && samePath(later.path, path)),
  )
  return said.flatMap((issue) => {
    const below = issue.path.filter((step) => typeof step !== 'symbol')
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...base, ...below], key, knownKeys(below)))
    const inner = issue.code === 'invalid_union' ? onlyFitting(issue) : undefined
    if (inner !== undefined)
      return problemsOf(
        inner.map((each) => ({ ...each, path: [...issue.path, ...each.path] })),
        value,
        base,
        knownKeys,
      )
    const found = at(value, below)
    const { expected, candidates } = expectation(issue)
    const nearest = typeof found === 'string' && candidates ? nearestName(found, candidates) : undefined
    const code =
      found === undefined ? 'missing' : issue.code === 'invalid_type' || issue.code === 'invalid_union' ? 'wrong-type' : 'wrong-value'
    const message = found === undefined ? `missing; expected ${expected}` : `expected ${expected}, found ${describe(found)}${hint(nearest)}`
    return [problem(code, [...base, ...below], message, { found: describe(found), expected, nearest })]
  })
}

const samePath = (a: Issue['path'], b: Issue['path']): boolean => a.length === b.length && a.every((step, i) => step === b[i])

/** What the one alternative of the value's type says, where the others are of other types. */
function onlyFitting(issue: Extract<Issue, { code: 'invalid_union' }>): readonly Issue[] | undefined {
  const fitting = issue.errors.filter((issues) => !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0))
  return fitting.length === 1 &&
    issue.errors.length > 1 &&
    fitting[0].some(({ path, code }) => path.length > 0 || code === 'unrecognized_keys')
    ? fitting[0]
    : undefined
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, step) => (typeof inner === 'object' && inner !== null ? (inner as Record<string | number, unknown>)[step] : undefined),
    value,
  )
}

const typeNames: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  nan: 'a number',
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

function expectation(issue: Issue): { readonly expected: string; readonly candidates?: readonly string[] } {
  switch (issue.code) {
    case 'invalid_type':
      return { expected: typeNames[issue.expected] ?? issue.expected }
    case 'invalid_value':
      return { expected: issue.values.map(String).join(' · '), candidates: issue.values.map(String) }
    case 'too_small':
      return { expected: bounded(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum) }
    case 'too_big':
      return { expected: bounded(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum) }
    case 'invalid_union':
      if (issue.discriminator !== undefined && 'options' in issue && Array.isArray(issue.options))
        return { expected: issue.options.map(String).join(' · '), candidates: issue.options.map(String) }
      return { expected: alternatives(issue) ?? issue.message }
    default:
      return { expected: issue.message }
  }
}

/** What each alternative of a union would take, unless the schema has words of its own or says it of single fields. */
function alternatives({ message, errors }: Extract<Issue, { code: 'invalid_union' }>): string | undefined {
  const whole = errors.flatMap(([first]) => (first?.path.length === 0 ? [expectation(first).expected] : []))
  return message === 'Invalid input' && whole.length > 0 ? [...new Set(whole)].join(' or ') : undefined
}

function bounded(origin: string, relation: string, bound: number | bigint): string {
  if (origin === 'array') return `${relation} ${bound} entries`
  if (origin === 'string') return `${relation} ${bound} characters`
  return `${origin === 'int' ? 'a whole number, ' : ''}${relation} ${bound}`
}
