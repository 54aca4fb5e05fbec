import type { AddedResults } from '@contract/types'
import type { Handlers } from '@contract/rpc'
import { readResults } from '@engine/analysis'
import { QuerentError } from '@engine/core/errors'
import { hashValue } from '@engine/core/hash'

/** Tables kept for pages that reload; the oldest goes first. */
const kept = 20

/** Tables of results that clients bring for a comparison. */
export type Tables = Pick<Handlers, 'results.read' | 'results.table'>

export function createTables(): Tables {
  const tables = new Map<string, AddedResults>()
  return {
    'results.read': ({ name, text, map = {} }) => {
      const table = hashValue([name, text, map]).slice(0, 16)
      const added = tables.get(table) ?? { table, name, results: readResults(name, text, map) }
      tables.delete(table)
      tables.set(table, added)
      const [oldest] = tables.keys()
      if (tables.size > kept) tables.delete(oldest)
      return added
    },
    'results.table': ({ table }) => {
      const added = tables.get(table)
      if (!added) throw new QuerentError('not-found', 'this table is no longer at hand: add its file again', { found: table })
      return added
    },
  }
}
