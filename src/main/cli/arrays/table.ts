import { csvFormatRows } from 'd3-dsv'
import { writeAtomic } from '../../node/storage/files'
import type { CliContext, CommandResult } from '../io'

/** A command's table: CSV on stdout or in `--out`, the document with `--json`. */
export async function tableResult(
  context: CliContext,
  header: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
  json: Readonly<Record<string, unknown>>,
  out?: string,
): Promise<CommandResult> {
  const csv = `${csvFormatRows([[...header], ...rows.map((row) => row.map((cell) => (cell === null ? '' : String(cell))))])}\n`
  if (out === undefined) return { json, text: csv }
  await writeAtomic(context.resolve(out), csv)
  return { json: { ...json, out }, text: `${rows.length} rows written to ${out}` }
}
