import { Low, type Adapter } from 'lowdb'
import type { z } from 'zod'
import { readIfThere, setAside, writeAtomic } from '../storage/files'

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
      const bytes = await readIfThere(file)
      if (bytes === null) return null
      const read = parse(bytes.toString('utf8'), schema)
      if ('data' in read) return read.data
      damage = `${file} could not be read (${read.problem}). It was kept as ${await setAside(file)} and made anew.`
      return null
    },
    write: (data) => writeAtomic(file, `${JSON.stringify(data, null, 2)}\n`),
  }
  const low = new Low<T>(adapter, initial)
  await low.read()
  // Writes queue behind each other; a failed one leaves the file and the memory as they were.
  let last: Promise<void> = Promise.resolve()
  return {
    get data() {
      return low.data
    },
    damage,
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

function parse<T>(text: string, schema: z.ZodType<T>): { readonly data: T } | { readonly problem: string } {
  try {
    const { success, data, error } = schema.safeParse(JSON.parse(text))
    if (success) return { data }
    const [issue] = error.issues
    return { problem: `${issue.path.join('.') || 'the file'}: ${issue.message}` }
  } catch {
    return { problem: 'it is not JSON' }
  }
}
