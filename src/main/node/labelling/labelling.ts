import { readFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import type { BatchFormat, ImportedLabels, LabellingProgress, LabellingSession } from '@contract/labelling'
import type { Preparation } from '@contract/models'
import { badInput, QuerentError } from '@engine/core/errors'
import { batchFile, labelsFile } from '@engine/labelling/batchFile'
import { planImport, type AskedSample } from '@engine/labelling/history'
import { readLabelFile } from '@engine/labelling/readLabels'
import { rowsLeft, sessionView, usualK } from '../../lab/labellingView'
import type { ChoosingJob } from '../../lab/ports'
import { createTextReader } from '../datasets/imported/texts'
import { withFile } from '../errors'
import { appendEntry, readSession, removeBatch, withSession, writeBatch, type StoredSession } from './folder'
import { prepareSession, type Preparer } from './prepare'

export interface LabellingDependencies {
  /** Starts a process that chooses. */
  open(): Promise<ChoosingJob>
  readonly host: Preparer
  /** folder of imported data sets */
  readonly library: string
}

export interface NextOptions {
  /** as many as the study says when left out */
  readonly k?: number
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: LabellingProgress) => void
}

export interface ImportOptions {
  readonly relabel: boolean
  readonly addClasses: boolean
}

/** What can be done with the folder of a labelling session; `folder` is absolute. */
export function createLabelling({ open, host, library }: LabellingDependencies) {
  const texts = createTextReader(library)
  const now = (): string => host.clock.now().toISOString()
  const textsOf = async ({ manifest: { spec } }: StoredSession, samples: readonly AskedSample[]): Promise<readonly string[] | undefined> =>
    typeof spec.dataset !== 'string'
      ? undefined
      : ((await texts.read(
          spec.dataset,
          'train',
          samples.map(({ row }) => row),
        )) ?? undefined)

  async function next(
    folder: string,
    { k, signal = new AbortController().signal, onProgress }: NextOptions = {},
  ): Promise<LabellingSession> {
    return withSession(folder, async (session) => {
      const { manifest, state } = session
      const wanted = k ?? usualK(session)
      const left = rowsLeft(session)
      if (wanted > left)
        throw badInput(`${wanted} rows are wanted, ${left} have no label and are not asked for yet`, {
          path: 'k',
          found: String(wanted),
          expected: `at most ${left}`,
        })
      const baseDir = resolve(folder, manifest.base)
      const tell = ({ what, detail, fraction }: Preparation): void => onProgress?.({ what: `${what}, ${detail}`, fraction })
      await prepareSession(manifest.spec, baseDir, host, tell, signal)
      const job = await open()
      const stop = (): void => void job.dispose()
      signal.addEventListener('abort', stop)
      if (signal.aborted) stop()
      try {
        const chosen = await job.choose(
          {
            spec: manifest.spec,
            classNames: state.classes,
            rows: Int32Array.from(state.labels.keys()),
            classes: Int32Array.from(state.labels.values()),
            waiting: Int32Array.from(state.waiting),
            k: wanted,
            round: state.batches.length,
            baseDir,
            folder,
          },
          ({ epoch, epochs }) => onProgress?.({ what: `training, epoch ${epoch} of ${epochs}`, fraction: epoch / epochs }),
        )
        const after = await appendEntry(session, { at: now(), type: 'batch', ...chosen })
        await writeBatch(after, after.state.batches.length, chosen.samples, await textsOf(session, chosen.samples))
        return viewOf(after)
      } catch (error) {
        throw signal.aborted ? new QuerentError('cancelled', 'the choice was stopped; nothing was asked') : error
      } finally {
        signal.removeEventListener('abort', stop)
        await job.dispose()
      }
    })
  }

  async function importLabels(
    folder: string,
    file: string,
    { relabel, addClasses }: ImportOptions,
  ): Promise<{ readonly session: LabellingSession; readonly imported: ImportedLabels }> {
    const name = basename(file)
    const bytes = await withFile(file, () => readFile(file))
    return withSession(folder, async (session) => {
      const { manifest, state } = session
      const given = readLabelFile(bytes, name)
      const planned = planImport(state, given, { rows: manifest.rows, relabel, addClasses, seed: manifest.spec.protocol.seed, file: name })
      const { classes, labels, relabelled, unasked, unchanged, blank } = planned
      const imported = {
        added: labels.length - relabelled.length,
        relabelled: relabelled.length,
        unchanged,
        blank,
        unasked,
        newClasses: classes.slice(state.classes.length),
      }
      // Nothing new is no step that could be taken back.
      const after = labels.length === 0 ? session : await appendEntry(session, { at: now(), type: 'import', source: name, classes, labels })
      return { session: viewOf(after), imported }
    })
  }

  return {
    next,
    importLabels,
    get: async (folder: string): Promise<LabellingSession> => viewOf(await readSession(folder)),
    /** Takes back the last batch or import; the history keeps it. */
    undo: (folder: string): Promise<LabellingSession> =>
      withSession(folder, async (session) => {
        const { last, batches } = session.state
        if (last === null) throw badInput('there is nothing to take back: nothing was asked for or imported yet', { file: folder })
        if (last.type === 'batch') await removeBatch(folder, batches.length)
        return viewOf(await appendEntry(session, { at: now(), type: 'undo' }))
      }),
    /** A batch as a file, the last when left out. */
    batchFile: async (
      folder: string,
      format: BatchFormat,
      number?: number,
    ): Promise<{ readonly name: string; readonly bytes: Uint8Array }> => {
      const session = await readSession(folder)
      const { batches, classes } = session.state
      const which = number ?? batches.length
      const batch = batches[which - 1]
      if (batch === undefined)
        throw new QuerentError('not-found', batches.length === 0 ? 'no batch was asked for yet' : `there is no batch ${which}`, {
          found: String(which),
          expected: batches.length === 0 ? 'querent label next' : `1 to ${batches.length}`,
        })
      return {
        name: `batch-${String(which).padStart(3, '0')}.${format}`,
        bytes: batchFile(batch.samples, classes, format, await textsOf(session, batch.samples)),
      }
    },
    /** All labels as a file. */
    labelsFile: async (folder: string, format: BatchFormat): Promise<{ readonly name: string; readonly bytes: Uint8Array }> => {
      const { state, manifest } = await readSession(folder)
      return { name: `labels.${format}`, bytes: labelsFile(state.labels, state.classes, manifest.rows, format) }
    },
  }
}

export type Labelling = ReturnType<typeof createLabelling>

/** A session as clients see it; its id is the name of its folder. */
export const viewOf = (session: StoredSession): LabellingSession => sessionView(basename(session.folder), session)
