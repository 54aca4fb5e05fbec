import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { withFile } from '../../errors'
import { catalogTexts } from '../catalogTexts'
import { findStored } from './store'

type Part = 'train' | 'test'

/** Reads the texts of sets; of imported ones single lines, remembering where those of the last file begin. */
export interface TextReader {
  /** The words of rows; null when the set kept none. */
  read(id: string, part: Part, rows: readonly number[]): Promise<readonly string[] | null>
}

export function createTextReader(library: string): TextReader {
  let known: { readonly file: string; readonly starts: Float64Array } | null = null
  return {
    read: async (id, part, rows) => {
      const set = await findStored(library, id)
      if (set === undefined) return catalogTexts(id, part, rows)
      if (set.kind !== 'text') return null
      const file = join(library, set.sha256, `${part}-texts.jsonl`)
      return withFile(file, async () => {
        const handle = await open(file, 'r').catch(() => null)
        if (handle === null) return null
        try {
          if (known?.file !== file) known = { file, starts: await lineStarts(handle) }
          const { starts } = known
          const texts: string[] = []
          for (const row of rows) {
            const bytes = Buffer.alloc(starts[row + 1] - starts[row])
            await handle.read(bytes, 0, bytes.length, starts[row])
            texts.push(JSON.parse(bytes.toString('utf8')) as string)
          }
          return texts
        } finally {
          await handle.close()
        }
      })
    },
  }
}

/** Where each line begins, and where the last ends. */
async function lineStarts(handle: Awaited<ReturnType<typeof open>>): Promise<Float64Array> {
  const starts = [0]
  const buffer = Buffer.alloc(1 << 20)
  for (let at = 0; ;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
    if (bytesRead === 0) return Float64Array.from(starts)
    for (let i = buffer.indexOf(10); i >= 0 && i < bytesRead; i = buffer.indexOf(10, i + 1)) starts.push(at + i + 1)
    at += bytesRead
  }
}
