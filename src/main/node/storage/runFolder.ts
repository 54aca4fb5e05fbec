import { createHash } from 'node:crypto'
import { cp, mkdir, open, rename, rm, truncate, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { badInput } from '@engine/core/errors'
import { isStored, type ResumePoint, type RoundRecord, type RunEvent } from '@engine/study/events'
import { keepsState } from '@engine/study/setting'
import type { PlannedRun } from '@engine/study/spec'
import type { RunWriter, StoredRun } from '../../lab/ports'
import { runResultHash } from '../../lab/resultHash'
import { withFile } from '../errors'
import { readIfThere, syncFolder, writeAtomic } from './files'
import { parseJson, runSummary, storedEvent, type RunSummary } from './schemas'
import { readState, removeStates } from './weights'

const eventsFile = (folder: string): string => join(folder, 'events.jsonl')
const resultFile = (folder: string): string => join(folder, 'result.json')
export const specFile = (folder: string): string => join(folder, 'spec.json')

interface RunLog extends StoredRun {
  /** byte after each event's line */
  readonly ends: readonly number[]
  readonly bytes: Buffer
}

/** Reads a run without changing anything; a torn last line is not there yet. Throws `bad-input` when the folder is damaged. */
export async function readRun(folder: string): Promise<RunLog> {
  const file = eventsFile(folder)
  const bytes = (await readIfThere(file)) ?? Buffer.alloc(0)
  const events: RunEvent[] = []
  const ends: number[] = []
  for (let start = 0, line = 1; ; line++) {
    const newline = bytes.indexOf(10, start)
    if (newline < 0) break // torn: the write did not reach its end
    const isLast = newline === bytes.length - 1
    try {
      events.push(parseJson(file, bytes.toString('utf8', start, newline), storedEvent))
    } catch (error) {
      if (isLast || bytes[start] === 0) break // a power cut may leave zeros where the last lines were
      throw badInput(`line ${line} is damaged`, {
        file,
        line,
        expected: 'an event as JSON',
        found: error instanceof Error ? error.message : '',
      })
    }
    ends.push(newline + 1)
    start = newline + 1
  }
  checkOrder(file, events)
  const last = events.at(-1)
  const finished = last?.type === 'run-ended' && last.state === 'finished'
  if (finished) await checkSummary(folder, bytes.subarray(0, ends.at(-1)))
  return { events, ends, bytes, finished }
}

function checkOrder(file: string, events: readonly RunEvent[]): void {
  const first = events[0]
  // A run may be cancelled, or its job die, before it has begun.
  const begins = first === undefined || first.type === 'run-started' || (first.type === 'run-ended' && first.state !== 'finished')
  if (!begins) throw badInput('the first event is missing', { file, expected: 'run-started', found: first.type })
  recordsOf(events).forEach(({ round }, index) => {
    if (round !== index) throw badInput('a round is missing', { file, expected: `round ${index}`, found: `round ${round}` })
  })
}

async function checkSummary(folder: string, events: Uint8Array): Promise<void> {
  const file = resultFile(folder)
  const text = await readIfThere(file)
  if (text === null) return // the crash came between the last event and its summary
  const { eventsSha256 } = parseJson(file, text.toString('utf8'), runSummary)
  if (eventsSha256 !== sha256(events))
    throw badInput('the events are not those of the finished run', {
      file: eventsFile(folder),
      expected: `SHA-256 ${eventsSha256}`,
      found: sha256(events),
    })
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export const recordsOf = (events: readonly RunEvent[]): RoundRecord[] =>
  events.flatMap((event) => (event.type === 'round-ended' ? [event.record] : []))

export const initialOf = (events: readonly RunEvent[]): ResumePoint['initial'] => {
  const first = events[0]
  return first?.type === 'run-started' ? first.initial : []
}

/** Writes `result.json` unless it is there. */
export async function summarize(folder: string, { events, bytes, ends }: RunLog): Promise<void> {
  if ((await readIfThere(resultFile(folder))) !== null) return
  const records = recordsOf(events)
  const last = records.at(-1)
  const summary: RunSummary = {
    format: 1,
    rounds: records.length,
    labeled: last?.labeled ?? 0,
    metrics: Object.fromEntries(Object.entries(last?.metrics ?? {}).map(([name, value]) => [name, value ?? null])),
    resultHash: runResultHash(initialOf(events), records),
    eventsSha256: sha256(bytes.subarray(0, ends.at(-1))),
  }
  await writeAtomic(resultFile(folder), `${JSON.stringify(summary, null, 2)}\n`)
}

/** Copies a run's folder when it is whole and got further than what is here. */
export async function adoptRun(folder: string, from: string): Promise<boolean> {
  const theirs = await readRun(from).catch(() => null)
  if (theirs === null || theirs.events.length === 0) return false
  const ours = await readRun(folder).catch(() => null)
  if (ours !== null && (ours.finished || (!theirs.finished && recordsOf(ours.events).length >= recordsOf(theirs.events).length)))
    return false
  return withFile(folder, async () => {
    const copy = `${folder}.copy`
    await rm(copy, { recursive: true, force: true })
    await cp(from, copy, { recursive: true, filter: (path) => !path.endsWith('.tmp') })
    await rm(folder, { recursive: true, force: true })
    await rename(copy, folder)
    await syncFolder(dirname(folder))
    return true
  })
}

/** Opens a run for computing: cuts the log after its last whole round whose state is there, and goes on from it. */
export async function openRun(folder: string, { spec }: PlannedRun): Promise<RunWriter> {
  await withFile(folder, () => mkdir(folder, { recursive: true }))
  if ((await readIfThere(specFile(folder))) === null) await writeAtomic(specFile(folder), `${JSON.stringify(spec, null, 2)}\n`)
  const log = await readRun(folder)
  const { resume, end } = await resumePoint(folder, log, keepsState(spec))
  const file = eventsFile(folder)
  await rm(resultFile(folder), { force: true })
  if (log.bytes.length > end) await withFile(file, () => truncate(file, end))
  return writer(folder, await withFile(file, () => open(file, 'a')), end, resume)
}

async function resumePoint(
  folder: string,
  { events, ends }: RunLog,
  needsState: boolean,
): Promise<{ resume: ResumePoint | null; end: number }> {
  for (let i = events.length - 1; i >= 0; i--) {
    const event = events[i]
    if (event.type !== 'round-ended') continue
    const state = needsState ? await readState(folder, event.record.round) : null
    if (needsState && state === null) continue
    const kept = events.slice(0, i + 1)
    return {
      resume: {
        initial: initialOf(kept),
        records: recordsOf(kept),
        weights: state === null || state.weights.length === 0 ? null : state.weights,
        ...(state === null ? {} : { memories: state.memories }),
      },
      end: ends[i],
    }
  }
  return { resume: null, end: 0 }
}

function writer(folder: string, handle: FileHandle, start: number, resume: ResumePoint | null): RunWriter {
  const file = eventsFile(folder)
  let size = start
  // The disk takes a round's lines while the next round computes: a killed process loses none of them, a power cut the last two at most.
  let syncing: Promise<void> = Promise.resolve()
  return {
    folder,
    resume,
    append: (event) =>
      withFile(file, async () => {
        if (!isStored(event)) return
        // The log starts with the first start already; a continued run reads like one that was left alone.
        if (event.type === 'run-started' && size > 0) return
        const line = Buffer.from(`${JSON.stringify(event)}\n`)
        try {
          await syncing
          await handle.appendFile(line)
          if (event.type === 'run-ended') await handle.datasync()
          else if (event.type === 'round-ended') {
            syncing = handle.datasync()
            syncing.catch(() => undefined) // the next append, or closing, says so
          }
        } catch (error) {
          await handle.truncate(size).catch(() => undefined)
          throw error
        }
        if (size === 0) await syncFolder(folder)
        size += line.length
        if (event.type === 'run-ended' && event.state === 'finished') {
          await summarize(folder, await readRun(folder))
          await removeStates(folder)
        }
      }),
    close: async () => {
      try {
        await withFile(file, () => syncing)
      } finally {
        await handle.close()
      }
    },
  }
}
