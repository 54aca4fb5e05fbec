/** Undo history of a text. Edits of the same kind within a second of each other undo together. */
export interface TextHistory {
  readonly past: readonly string[]
  readonly present: string
  readonly future: readonly string[]
  readonly lastKind: string | null
  readonly lastAt: number
}

const limit = 200
const together = 1000

export const startHistory = (present: string): TextHistory => ({ past: [], present, future: [], lastKind: null, lastAt: 0 })

/** `kind` names what is typed in (e.g. `yaml`); null never merges with the edit before it. */
export function pushEdit(history: TextHistory, next: string, kind: string | null, at: number): TextHistory {
  if (next === history.present) return history
  const merges = kind !== null && kind === history.lastKind && at - history.lastAt < together && history.past.length > 0
  const past = merges ? history.past : [...history.past, history.present].slice(-limit)
  return { past, present: next, future: [], lastKind: kind, lastAt: at }
}

export function undo(history: TextHistory): TextHistory {
  const present = history.past.at(-1)
  if (present === undefined) return history
  return { past: history.past.slice(0, -1), present, future: [history.present, ...history.future], lastKind: null, lastAt: 0 }
}

export function redo(history: TextHistory): TextHistory {
  const [present, ...future] = history.future
  if (present === undefined) return history
  return { past: [...history.past, history.present], present, future, lastKind: null, lastAt: 0 }
}
