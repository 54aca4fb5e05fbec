import { z } from '@engine/core/zod'

const features = z.record(z.string(), z.looseObject({ _type: z.string().optional(), names: z.array(z.string()).optional() }))
const schema = z.union([z.object({ info: z.object({ features }) }), z.object({ features })])

/** Class names by column from the JSON that Hugging Face's library writes beside or into its files. */
export function huggingFaceClasses(json: string | undefined | null): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  if (json === undefined || json === null) return found
  try {
    const { data } = schema.safeParse(JSON.parse(json))
    const known = data === undefined ? {} : 'info' in data ? data.info.features : data.features
    for (const [name, { _type: type, names }] of Object.entries(known))
      if (type === 'ClassLabel' && names !== undefined) found.set(name, names)
  } catch {
    // Only names would be in it; the numbers are in the columns.
  }
  return found
}
