import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { extractionRequest, type ExtractionRequest } from '@contract/features'
import { z } from '@engine/core/zod'
import { withFile } from '../errors'
import { writeAtomic } from '../storage/files'

const noteSchema = z.object({ format: z.literal(1), requests: z.array(z.unknown()) })
const noteFile = (store: string): string => join(store, 'unfinished.json')

/** Requests of extractions that a session left unfinished; none where the note is missing, damaged or of another version. */
export async function readUnfinished(store: string): Promise<ExtractionRequest[]> {
  try {
    const { requests } = noteSchema.parse(JSON.parse(await readFile(noteFile(store), 'utf8')))
    return requests.flatMap((request) => extractionRequest.safeParse(request).data ?? [])
  } catch {
    return []
  }
}

/** Notes which extractions are unfinished, for the next session. */
export const noteUnfinished = (store: string, requests: readonly ExtractionRequest[]): Promise<void> =>
  withFile(store, async () => {
    await mkdir(store, { recursive: true })
    await writeAtomic(noteFile(store), `${JSON.stringify({ format: 1, requests })}\n`)
  })
