import { commands } from '@contract/commands'
import type { ImportMapping } from '@contract/importing'
import type { SentFiles } from '@/client/sendFiles'

/** Unsaved text of a project, kept by the browser so that a reload or a crash of the window loses nothing. */
export interface KeptDraft {
  readonly text: string
  /** revision of the stored study that the text began from */
  readonly revision: number
}

const key = (project: string): string => `querent:draft:${project}`

export function keepDraft(project: string, draft: KeptDraft | null): void {
  if (draft) localStorage.setItem(key(project), JSON.stringify(draft))
  else localStorage.removeItem(key(project))
}

export function keptDraft(project: string): KeptDraft | null {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key(project)) ?? 'null')
    if (typeof value !== 'object' || value === null) return null
    const { text, revision } = value as Partial<KeptDraft>
    return typeof text === 'string' && typeof revision === 'number' ? { text, revision } : null
  } catch {
    return null
  }
}

/** An import that is being looked at: files the lab has, and what was said about them. */
export interface KeptImport {
  readonly files: SentFiles
  readonly mapping: ImportMapping
  readonly name: string
  readonly id: string
  readonly licence: string
}

const importKey = 'querent:import'

export function keepImport(kept: KeptImport | null): void {
  if (kept) sessionStorage.setItem(importKey, JSON.stringify(kept))
  else sessionStorage.removeItem(importKey)
}

export function keptImport(): KeptImport | null {
  try {
    const { files, mapping, name, id, licence } = JSON.parse(sessionStorage.getItem(importKey) ?? '{}') as Record<string, unknown>
    const asked = commands['datasets.preview'].input.safeParse({ task: 'kept', files, mapping })
    return asked.success
      ? { files: asked.data.files, mapping: asked.data.mapping, name: String(name), id: String(id), licence: String(licence) }
      : null
  } catch {
    return null
  }
}
