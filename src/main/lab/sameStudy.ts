import { badInput } from '@engine/core/errors'
import { canonicalJson } from '@engine/core/hash'
import type { Study } from '@engine/study/spec'
import type { Manifest } from './experiment'

/**
 * Whether a result folder may take the runs of a study, or be merged with it: the study has the same name, and the same data,
 * model, training and protocol outside what `ablate` varies. More or fewer seeds, strategies, factor levels, shadows and other
 * statistics are edits of the same study; finished runs stay valid through them, because they are found by their hash.
 */
export function differenceOf(found: Pick<Manifest, 'study' | 'datasets'>, next: Pick<Manifest, 'study' | 'datasets'>): Difference | null {
  if (found.study.study !== next.study.study) return { path: 'study', found: found.study.study, expected: next.study.study }
  const varied = new Set(['protocol.seeds', ...Object.keys(found.study.ablate), ...Object.keys(next.study.ablate)])
  const before = commonParts(found.study, varied)
  const after = commonParts(next.study, varied)
  for (const section of Object.keys(before) as (keyof typeof before)[]) {
    const [was, is] = [before[section], after[section]] as readonly Readonly<Record<string, unknown>>[]
    for (const key of new Set([...Object.keys(was), ...Object.keys(is)]))
      if (canonicalJson(was[key] ?? null) !== canonicalJson(is[key] ?? null))
        return { path: `${section}.${key}`, found: canonicalJson(was[key] ?? null), expected: canonicalJson(is[key] ?? null) }
  }
  for (const { name, sha256 } of next.datasets) {
    const other = found.datasets.find((dataset) => dataset.name === name)
    if (other !== undefined && other.sha256 !== sha256)
      return { path: 'dataset', found: `${name} with SHA-256 ${other.sha256}`, expected: `${name} with SHA-256 ${sha256}` }
  }
  const names = (manifest: Pick<Manifest, 'datasets'>): string => manifest.datasets.map(({ name }) => name).join(', ')
  if (!next.datasets.some(({ name }) => found.datasets.some((dataset) => dataset.name === name)))
    return { path: 'dataset', found: names(found), expected: names(next) }
  return null
}

export interface Difference {
  readonly path: string
  /** what the folder has */
  readonly found: string
  /** what the study has */
  readonly expected: string
}

/** Throws `bad-input` when the folder belongs to another study. */
export function refuseOtherStudy(
  dir: string,
  found: Pick<Manifest, 'study' | 'datasets'>,
  next: Pick<Manifest, 'study' | 'datasets'>,
): void {
  const difference = differenceOf(found, next)
  if (difference === null) return
  throw badInput(`this folder holds the results of another study (${difference.path} differs); give another folder with --out`, {
    file: dir,
    ...difference,
  })
}

type Common = Pick<Study, 'data' | 'model' | 'training' | 'protocol'>

/** The sections that every run shares, without the fields on which runs of one study may differ. */
function commonParts({ data, model, training, protocol }: Study, varied: ReadonlySet<string>): Record<keyof Common, object> {
  const isVaried = (path: string): boolean => [...varied].some((factor) => factor === path || factor.startsWith(`${path}.`))
  const shared = (section: keyof Common, fields: object): object =>
    varied.has(section) ? {} : Object.fromEntries(Object.entries(fields).filter(([key]) => !isVaried(`${section}.${key}`)))
  return {
    data: shared('data', data),
    model: shared('model', model),
    training: shared('training', training),
    protocol: shared('protocol', protocol),
  }
}
