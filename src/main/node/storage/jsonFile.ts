import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** One small JSON value in a file of its own; read as null when it is missing or damaged, and lost at worst. */
export const jsonFile = (path: string): { read(): unknown; write(value: unknown): void } => ({
  read: () => {
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as unknown
    } catch {
      return null
    }
  },
  write: (value) => {
    try {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, JSON.stringify(value))
    } catch {
      // A window that opens at its first place again is no reason to disturb anybody.
    }
  },
})
