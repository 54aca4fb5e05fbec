import { parse } from 'yaml'
import { z } from '@engine/core/zod'
import { datasetName } from '@engine/study/consistency'

const entry = z.union([
  z.string().transform((id): { id: string; name?: string } => ({ id })),
  z.object({ id: z.string(), name: z.string().optional() }),
])

/** As much of a study as a list shows; a study in the middle of being edited may lack any of it. */
const outline = z
  .object({ study: z.string().catch(''), dataset: z.unknown().optional(), strategies: z.array(entry.catch({ id: '' })).catch([]) })
  .catch({ study: '', strategies: [] })

/** Name, data set and strategies of a study text for lists; empty where it cannot be read. */
export function describeStudy(text: string): { name: string; dataset: string; strategies: { name: string; id: string }[] } {
  let value: unknown
  try {
    value = parse(text)
  } catch {
    value = null
  }
  const { study, dataset, strategies } = outline.parse(value)
  const refs = Array.isArray(dataset) ? dataset : [dataset]
  return {
    name: study,
    dataset: refs
      .map((ref) => nameOf(ref))
      .filter(Boolean)
      .join(', '),
    strategies: strategies.map(({ id, name }) => ({ id, name: name ?? id })),
  }
}

const reference = z.union([
  z.string(),
  z.object({ inputs: z.string(), labels: z.string(), name: z.string().optional() }),
  z.object({ id: z.string(), classes: z.array(z.union([z.number(), z.string()])), name: z.string().optional() }),
])

const nameOf = (ref: unknown): string => {
  const parsed = reference.safeParse(ref)
  return parsed.success ? datasetName(parsed.data) : ''
}
