import { badInput } from '../core/errors'

export type Path = readonly (string | number)[]

/** `['strategies', 2, 'score']` → `strategies[2].score`. */
export const formatPath = (path: Path): string =>
  path.reduce<string>((text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`), '')

/** A value as error messages show it: short, and told apart from text. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Splits what `--set` and factors write: `protocol.seeds`, `strategies[1].score`, `strategies.<name>.score`,
 * `ablate.training.weightStart`. Strategy names and factor paths may contain dots; `names` are those of `strategies`.
 */
export function parsePath(text: string, names: readonly string[]): Path {
  const steps: (string | number)[] = text.split('.').flatMap((part) => {
    const match = /^([^[\]]+)((?:\[\d+\])*)$/.exec(part)
    if (!match)
      throw badInput(`"${text}" is not a path into a study`, {
        path: text,
        found: text,
        expected: 'section.field, strategies.<name>.<field> or ablate.<path>',
      })
    return [match[1], ...[...match[2].matchAll(/\d+/g)].map((index) => Number(index[0]))]
  })
  if (steps[0] === 'ablate' && steps.length > 1) return ['ablate', text.slice('ablate.'.length)]
  if (steps[0] === 'strategies' && steps.length > 2 && typeof steps[1] === 'string') {
    const named = splitStrategyPath(text, names)
    if (named === null) return steps
    return ['strategies', names.indexOf(named.name), ...named.field.split('.')]
  }
  return steps
}

/** `strategies.<name>.<field>` by the longest name that fits; null for another path or an unknown name. */
export function splitStrategyPath(text: string, names: readonly string[]): { readonly name: string; readonly field: string } | null {
  const prefix = 'strategies.'
  if (!text.startsWith(prefix)) return null
  const rest = text.slice(prefix.length)
  const name = names
    .filter((candidate) => rest.startsWith(`${candidate}.`) && rest.length > candidate.length + 1)
    .reduce<string | null>((best, candidate) => (best === null || candidate.length > best.length ? candidate : best), null)
  return name === null ? null : { name, field: rest.slice(name.length + 1) }
}

/** A copy of plain data with the value at `path`; objects on the way are made, list positions must exist. */
export function withValueAt(root: unknown, path: Path, value: unknown): unknown {
  if (path.length === 0) return value
  const [step, ...rest] = path
  if (Array.isArray(root)) {
    if (typeof step !== 'number' || step >= root.length)
      throw badInput(`there is no ${describe(step)} in this list of ${root.length}`, {
        path: formatPath(path),
        found: describe(step),
        expected: `0 … ${root.length - 1}`,
      })
    return root.map((member: unknown, i) => (i === step ? withValueAt(member, rest, value) : member))
  }
  if (typeof step === 'number')
    throw badInput(`[${step}] needs a list`, { path: formatPath(path), found: describe(root), expected: 'a list' })
  if (root !== undefined && root !== null && !isRecord(root))
    throw badInput(`"${step}" needs an object`, { path: formatPath(path), found: describe(root), expected: 'an object' })
  const inner = root && Object.hasOwn(root, step) ? root[step] : undefined
  return { ...root, [step]: withValueAt(inner, rest, value) }
}
