import { isRecord } from '@engine/study/paths'

/** One method of a combined one, as the form shows it; `own` are parameters given to it alone. */
export interface PartRow {
  readonly id: string
  /** query round it starts at; null when the run is divided evenly */
  readonly from: number | null
  readonly own: Readonly<Record<string, unknown>>
}

/** Methods of a value such as `alignment@0, entropy@4`, or of a list of ids and objects. */
export function readParts(value: unknown): PartRow[] {
  const list: readonly unknown[] = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : []
  return list.flatMap((part): PartRow[] => {
    if (isRecord(part)) {
      const { id, from, ...own } = part
      return [{ id: typeof id === 'string' ? id : '', from: typeof from === 'number' ? from : null, own }]
    }
    if (typeof part !== 'string') return []
    const [id, from] = part.split('@').map((text) => text.trim())
    return [{ id, from: from !== undefined && /^\d+$/.test(from) ? Number(from) : null, own: {} }]
  })
}

/** The list that a study holds: texts where a method has no parameters of its own. */
export const writeParts = (rows: readonly PartRow[]): unknown[] =>
  rows.map(({ id, from, own }) => {
    if (Object.keys(own).length > 0) return { id, ...(from === null ? {} : { from }), ...own }
    return from === null ? id : `${id}@${from}`
  })
