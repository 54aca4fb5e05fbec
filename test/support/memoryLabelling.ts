import type { LabellingSession } from '@contract/labelling'
import { QuerentError } from '@engine/core/errors'
import { batchFile, labelsFile } from '@engine/labelling/batchFile'
import { planImport, reduceHistory, type HistoryEntry } from '@engine/labelling/history'
import { parseStudy } from '@engine/study/schema'
import { sessionView, type SessionContent } from '@main/lab/labellingView'
import type { LabellingSessions } from '@main/lab/labelling'

interface Session extends Omit<SessionContent, 'state' | 'history'> {
  readonly history: HistoryEntry[]
  removed: boolean
}

/**
 * Labelling sessions in memory, over sets of `rows` rows without a label: the next batch is the first rows that are left, and every
 * file that comes back labels all rows that wait. A choice says half of its training and then waits while `held`.
 */
export function memoryLabelling(rows: number, now: () => string): LabellingSessions & { held: Promise<void> | null } {
  const sessions = new Map<string, Session>()
  const find = (id: string): Session => {
    const session = sessions.get(id)
    if (session === undefined) throw new QuerentError('not-found', 'there is no such labelling session', { found: id })
    return session
  }
  const view = (id: string): LabellingSession => {
    const { manifest, history } = find(id)
    return sessionView(id, { manifest, history, state: reduceHistory(history) })
  }
  const twin: LabellingSessions & { held: Promise<void> | null } = {
    held: null,
    list: async () => [...sessions].filter(([, { removed }]) => !removed).map(([id]) => view(id)).reverse(), // prettier-ignore
    start: async ({ id, dataset, studyText, strategy, classes }) => {
      const study = parseStudy(studyText, { file: 'study.yaml', overrides: [['dataset', dataset]] })
      const chosen = study.strategies.find(({ name }) => name === (strategy ?? study.strategies[0].name))
      if (chosen === undefined || classes.length < 2)
        throw new QuerentError('bad-input', `${dataset} knows no class: say which classes there are`)
      const at = now()
      const spec = { datasetName: dataset, strategy: { ...chosen, rounds: study.protocol.rounds }, protocol: study.protocol }
      const manifest = { name: study.study, createdAt: at, rows, spec }
      sessions.set(id, { manifest, removed: false, history: [{ at, type: 'import', source: dataset, classes, labels: [] }] })
      return view(id)
    },
    get: async (id) => view(id),
    next: async (id, { k, signal, onProgress }) => {
      const { history } = find(id)
      const { labels, waiting } = reduceHistory(history)
      onProgress({ what: 'training, epoch 15 of 30', fraction: 0.5 })
      await twin.held
      if (signal.aborted) throw new QuerentError('cancelled', 'the choice was stopped; nothing was asked')
      const left = Array.from({ length: rows }, (_, row) => row).filter((row) => !labels.has(row) && !waiting.includes(row))
      const isTrained = labels.size > 0
      history.push({
        at: now(),
        type: 'batch',
        method: isTrained ? view(id).strategy.id : 'random',
        trained: labels.size,
        validation: 0,
        estimate: isTrained ? { accuracy: 0.75, rows: 20, of: 'test array' } : null,
        samples: left.slice(0, k ?? view(id).usualK).map((row) => ({
          row,
          score: isTrained ? 1 / (row + 1) : null,
          predicted: isTrained ? 0 : null,
          confidence: isTrained ? 0.5 : null,
        })),
      })
      return view(id)
    },
    importLabels: async (id, file, { relabel, addClasses }) => {
      const { history } = find(id)
      const state = reduceHistory(history)
      const given = state.waiting.map((row) => ({ row, label: state.classes[row % state.classes.length] }))
      const { classes, labels } = planImport(state, given, { rows, relabel, addClasses, seed: 0, file })
      history.push({ at: now(), type: 'import', source: 'labels.csv', classes, labels })
      return {
        session: view(id),
        imported: { added: labels.length, relabelled: 0, unchanged: 0, blank: 0, unasked: [], newClasses: [] },
      }
    },
    undo: async (id) => {
      find(id).history.push({ at: now(), type: 'undo' })
      return view(id)
    },
    file: async (id, what, format) => {
      const { batches, labels, classes } = reduceHistory(find(id).history)
      return what === 'labels'
        ? { name: `labels.${format}`, bytes: labelsFile(labels, classes, rows, format) }
        : { name: `batch-00${what}.${format}`, bytes: batchFile(batches[what - 1].samples, classes, format) }
    },
    remove: async (id) => {
      find(id).removed = true
    },
    restore: async (id) => {
      find(id).removed = false
      return view(id)
    },
  }
  return twin
}
