import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from '@engine/core/zod'
import { badInput, QuerentError } from '@engine/core/errors'
import { batchFile, batchFormats, labelsFile } from '@engine/labelling/batchFile'
import { reduceHistory, type AskedSample, type HistoryEntry, type LabellingState } from '@engine/labelling/history'
import { notWritable, withFile } from '../errors'
import { makeFolder, readIfThere, syncFolder, writeAtomic } from '../storage/files'
import { acquireLock } from '../storage/lock'
import { parseJson, specSchema } from '../storage/schemas'

const sessionSchema = z.object({
  format: z.literal(1),
  name: z.string(),
  createdAt: z.string(),
  version: z.string(),
  /** from the session's folder to the folder that the study's relative paths start in, with `/` */
  base: z.string(),
  /** rows of the training array */
  rows: z.int(),
  /** one run of the study: data set, model, training, strategy */
  spec: specSchema,
})
export type SessionManifest = z.infer<typeof sessionSchema>

const integerOrNull = z.int().nullable()
const numberOrNull = z.number().nullable()
const entrySchema: z.ZodType<HistoryEntry> = z.discriminatedUnion('type', [
  z.object({
    at: z.string(),
    type: z.literal('batch'),
    method: z.string(),
    trained: z.int(),
    validation: z.int(),
    estimate: z
      .object({ accuracy: z.number(), rows: z.int(), of: z.enum(['test array', 'test rows of the split', 'validation rows']) })
      .nullable(),
    samples: z.array(z.object({ row: z.int(), score: numberOrNull, predicted: integerOrNull, confidence: numberOrNull })),
  }),
  z.object({
    at: z.string(),
    type: z.literal('import'),
    source: z.string(),
    classes: z.array(z.string()),
    labels: z.array(z.tuple([z.int(), z.int()])),
  }),
  z.object({ at: z.string(), type: z.literal('undo') }),
])

/** A session as its folder has it. */
export interface StoredSession {
  readonly folder: string
  readonly manifest: SessionManifest
  readonly history: readonly HistoryEntry[]
  readonly state: LabellingState
}

const sessionFile = (folder: string): string => join(folder, 'session.json')
const historyFile = (folder: string): string => join(folder, 'history.jsonl')

/** Reads a session without changing anything; a torn last line of its history is not there yet. */
export async function readSession(folder: string): Promise<StoredSession> {
  const bytes = await withFile(sessionFile(folder), () => readIfThere(sessionFile(folder)))
  if (bytes === null)
    throw new QuerentError('not-found', 'this is no labelling session: it has no session.json', {
      file: folder,
      expected: 'a folder made by querent label start',
    })
  const manifest = parseJson(sessionFile(folder), bytes.toString('utf8'), sessionSchema)
  const { entries } = parseHistory(folder, (await readIfThere(historyFile(folder))) ?? Buffer.alloc(0))
  if (entries[0]?.type !== 'import')
    throw badInput('the history of this session is damaged: its beginning is missing', { file: historyFile(folder), line: 1 })
  return { folder, manifest, history: entries, state: reduceHistory(entries) }
}

function parseHistory(folder: string, bytes: Buffer): { readonly entries: HistoryEntry[]; readonly end: number } {
  const entries: HistoryEntry[] = []
  let start = 0
  for (let line = 1; ; line++) {
    const newline = bytes.indexOf(10, start)
    if (newline < 0) return { entries, end: start }
    try {
      entries.push(parseJson(historyFile(folder), bytes.toString('utf8', start, newline), entrySchema))
    } catch (error) {
      if (newline === bytes.length - 1) return { entries, end: start } // a crash may leave a whole line of zeros
      throw badInput(`line ${line} of the history is damaged`, {
        file: historyFile(folder),
        line,
        found: error instanceof Error ? error.message : '',
      })
    }
    start = newline + 1
  }
}

/** Makes the folder of a new session; refuses one with anything in it, and leaves nothing behind when it cannot be written. */
export async function createSession(
  folder: string,
  manifest: SessionManifest,
  studyText: string,
  first: HistoryEntry,
): Promise<StoredSession> {
  const undo = await makeFolder(folder).catch((error: unknown) => {
    throw notWritable('session', folder, error)
  })
  if ((await withFile(folder, () => readdir(folder))).length > 0)
    throw badInput('the folder of a new session must be empty', { file: folder, found: 'files', expected: 'an empty or a new folder' })
  try {
    await writeAtomic(join(folder, 'study.yaml'), studyText)
    await writeAtomic(historyFile(folder), `${JSON.stringify(first)}\n`)
    await writeAtomic(sessionFile(folder), `${JSON.stringify(manifest, null, 2)}\n`)
    const session = await readSession(folder)
    await writeLabels(session)
    return session
  } catch (error) {
    for (const name of ['session.json', 'history.jsonl', 'study.yaml', 'labels.csv']) await rm(join(folder, name), { force: true })
    await undo()
    throw error
  }
}

/** Works on a session that no other process changes meanwhile. */
export async function withSession<T>(folder: string, work: (session: StoredSession) => Promise<T>): Promise<T> {
  await readSession(folder) // a folder that is no session gets no lock
  const lock = await acquireLock(join(folder, 'lock'), 'labelling session')
  try {
    return await work(await readSession(folder))
  } finally {
    await lock.release()
  }
}

/** Adds an entry to the history and brings `labels.csv` up to date; durable when it resolves. */
export async function appendEntry(session: StoredSession, entry: HistoryEntry): Promise<StoredSession> {
  const { folder } = session
  const file = historyFile(folder)
  await withFile(file, async () => {
    const { end } = parseHistory(folder, (await readIfThere(file)) ?? Buffer.alloc(0))
    const handle = await open(file, 'r+')
    try {
      await handle.truncate(end)
      await handle.write(`${JSON.stringify(entry)}\n`, end)
      await handle.sync()
    } catch (error) {
      await handle.truncate(end).catch(() => undefined)
      throw error
    } finally {
      await handle.close()
    }
    await syncFolder(folder)
  })
  const next = await readSession(folder)
  await writeLabels(next)
  return next
}

const writeLabels = ({ folder, manifest, state }: StoredSession): Promise<void> =>
  writeAtomic(join(folder, 'labels.csv'), labelsFile(state.labels, state.classes, manifest.rows, 'csv'))

const batchPath = (folder: string, number: number, format: string): string =>
  join(folder, 'batches', `batch-${String(number).padStart(3, '0')}.${format}`)

/** Writes a batch in every format beside the history. */
export async function writeBatch(
  { folder, state }: StoredSession,
  number: number,
  samples: readonly AskedSample[],
  texts: readonly string[] | undefined,
): Promise<void> {
  await withFile(folder, () => mkdir(join(folder, 'batches'), { recursive: true }))
  for (const format of batchFormats) await writeAtomic(batchPath(folder, number, format), batchFile(samples, state.classes, format, texts))
}

/** Takes away the files of a batch that was taken back; the history keeps it. */
export async function removeBatch(folder: string, number: number): Promise<void> {
  for (const format of batchFormats) await withFile(folder, () => rm(batchPath(folder, number, format), { force: true }))
}
