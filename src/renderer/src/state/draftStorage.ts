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
