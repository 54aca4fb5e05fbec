import { readFile, rm, stat } from 'node:fs/promises'
import { z } from '@engine/core/zod'
import { writeAtomic } from '../storage/files'

const stateSchema = z.object({
  url: z.string(),
  /** strong ETag, or else the time of the last change: what tells that the rest belongs to the beginning */
  validator: z.string().nullable(),
  etag: z.string().nullable(),
  total: z.int().nullable(),
})
export type PartState = z.infer<typeof stateSchema>

/** What has come of an unfinished download. */
export interface Part {
  readonly bytes: number
  /** null: it is not known what the bytes belong to */
  readonly state: PartState | null
}

export const partFile = (file: string): string => `${file}.part`
const stateFile = (file: string): string => `${file}.part.json`

export async function readPart(file: string): Promise<Part> {
  const info = await stat(partFile(file)).catch(() => null)
  const text = await readFile(stateFile(file), 'utf8').catch(() => null)
  return { bytes: info?.size ?? 0, state: text === null ? null : parseState(text) }
}

function parseState(text: string): PartState | null {
  try {
    return stateSchema.parse(JSON.parse(text))
  } catch {
    return null // torn by a crash: the download starts over
  }
}

export const writeState = (file: string, state: PartState): Promise<void> => writeAtomic(stateFile(file), JSON.stringify(state))

/** Forgets what has come of an unfinished download. */
export async function discardPart(file: string): Promise<void> {
  await rm(partFile(file), { force: true })
  await rm(stateFile(file), { force: true })
}
