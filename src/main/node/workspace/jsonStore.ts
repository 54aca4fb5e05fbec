import { access, rename } from 'node:fs/promises'
import { readFile } from 'node:fs/promises'
import { Low, type Adapter } from 'lowdb'
import writeFileAtomic from 'write-file-atomic'
import type { z } from 'zod'
import { QuerentError } from '@engine/core/errors'

/** A small JSON file behind lowdb: validated on reading, written atomically, set aside when damaged. */
export interface JsonStore<T> {
  readonly data: T
  /** why the file was set aside on opening, if it was */
  readonly damage: string | null
  update(change: (data: T) => T): Promise<void>
}

export async function openJsonStore<T>(file: string, schema: z.ZodType<T>, initial: T): Promise<JsonStore<T>> {
  let damage: string | null = null
  const adapter: Adapter<T> = {
    read: async () => {
      let text: string
      try {
        text = await readFile(file, 'utf8')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
        throw error
      }
      const reason = problemOf(text, schema)
      if (reason === null) return schema.parse(JSON.parse(text))
      const aside = await freeName(`${file}.damaged`)
      await rename(file, aside)
      damage = `${file} could not be read (${reason}). It was kept as ${aside}, and a new one was started.`
      return null
    },
    write: async (data) => {
      try {
        await writeFileAtomic(file, `${JSON.stringify(data, null, 2)}\n`)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'ENOSPC') throw new QuerentError('disk-full', `no space left to write ${file}`, { file }, { cause: error })
        throw new QuerentError('not-writable', `${file} cannot be written`, { file }, { cause: error })
      }
    },
  }
  const low = new Low<T>(adapter, initial)
  await low.read()
  // Writes queue behind each other; a failed one leaves the file and the memory as they were.
  let last: Promise<void> = Promise.resolve()
  return {
    get data() {
      return low.data
    },
    get damage() {
      return damage
    },
    update: (change) => {
      const write = async (): Promise<void> => {
        const before = low.data
        low.data = change(before)
        try {
          await low.write()
        } catch (error) {
          low.data = before
          throw error
        }
      }
      last = last.then(write, write)
      return last
    },
  }
}

function problemOf<T>(text: string, schema: z.ZodType<T>): string | null {
  try {
    const parsed = schema.safeParse(JSON.parse(text))
    if (parsed.success) return null
    const [issue] = parsed.error.issues
    return `${issue.path.join('.') || 'the file'}: ${issue.message}`
  } catch {
    return 'it is not JSON'
  }
}

async function freeName(wanted: string): Promise<string> {
  for (let i = 0; ; i++) {
    const name = i === 0 ? wanted : `${wanted}-${i}`
    try {
      await access(name)
    } catch {
      return name
    }
  }
}
