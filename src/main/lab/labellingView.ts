import type { LabellingSession } from '@contract/labelling'
import type { HistoryEntry, LabellingState } from '@engine/labelling/history'
import type { RunSpec } from '@engine/study/spec'

/** A labelling session as it is stored, without where. */
export interface SessionContent {
  readonly manifest: {
    readonly name: string
    readonly createdAt: string
    readonly rows: number
    readonly spec: Pick<RunSpec, 'datasetName' | 'strategy' | 'protocol'>
  }
  readonly history: readonly HistoryEntry[]
  readonly state: LabellingState
}

/** Rows of the next batch as the study has it: its initial set where that comes first. */
export function usualK({ manifest, state }: SessionContent): number {
  const { dataStart, initial, query } = manifest.spec.protocol
  return Math.max(1, Math.min(rowsLeft({ manifest, state }), state.labels.size === 0 && dataStart === 'seeded' ? initial : query))
}

/** Rows that have no label and were not asked for. */
export const rowsLeft = ({ manifest, state }: Pick<SessionContent, 'manifest' | 'state'>): number =>
  manifest.rows - state.labels.size - state.waiting.length

/** A session as clients see it. */
export function sessionView(id: string, content: SessionContent): LabellingSession {
  const { manifest, history, state } = content
  const { classes, labels, batches, waiting, last, undone } = state
  const classCounts = classes.map(() => 0)
  for (const label of labels.values()) classCounts[label]++
  return {
    id,
    name: manifest.name,
    dataset: manifest.spec.datasetName,
    strategy: { id: manifest.spec.strategy.id, name: manifest.spec.strategy.name },
    createdAt: manifest.createdAt,
    rows: manifest.rows,
    labelled: labels.size,
    waiting: waiting.length,
    batches: batches.length,
    classes,
    classCounts,
    usualK: usualK(content),
    asked: batches.map(({ type: _type, ...batch }, i) => ({
      number: i + 1,
      ...batch,
      labelled: batch.samples.filter(({ row }) => labels.has(row)).length,
    })),
    history: history.map((entry, i) => ({ at: entry.at, what: entry.type, text: textOf(entry), undone: undone.has(i) })),
    undoes: last === null ? null : textOf(last),
  }
}

function textOf(entry: HistoryEntry): string {
  const some = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`
  if (entry.type === 'undo') return 'took back'
  if (entry.type === 'import') return `${some(entry.labels.length, 'label')} from ${entry.source}`
  return `asked for ${some(entry.samples.length, 'row')} (${entry.method})`
}
