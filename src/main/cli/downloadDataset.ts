import type { SetProgress } from '@contract/downloads'
import type { ImportResult } from '@contract/importing'
import { QuerentError } from '@engine/core/errors'
import type { ImportAssignment } from '../lab/ports'
import { listDatasets } from '../node/datasets'
import { discardDownload, downloadSet, factsOf, receivedOf, requirePublicSet, type SetFacts } from '../node/download/sets'
import { workspaceOf } from '../node/workspace/location'
import { roomOf } from '../node/workspace/room'
import type { CliContext, CommandResult } from './io'
import { duration } from './progressLine'

export interface DownloadOptions {
  readonly yes?: boolean
  readonly mirror?: string
}

/** Shows licence and size, asks, downloads, checks and imports. */
export async function downloadDataset(
  id: string,
  { yes, mirror }: DownloadOptions,
  {
    context,
    library,
    importing,
  }: { context: CliContext; library: string; importing: (assignment: ImportAssignment) => Promise<ImportResult> },
): Promise<CommandResult> {
  const set = requirePublicSet(id)
  const facts = factsOf(set)
  const here = (await listDatasets(library)).find((each) => each.id === id && each.available)
  if (here !== undefined) return { json: { dataset: here, known: true, notes: [] }, text: `in the library already: ${id}` }
  if (mirror !== undefined && !URL.canParse(mirror))
    throw new QuerentError('bad-usage', '--mirror needs the address of a folder', { found: mirror, expected: 'https://…' })

  context.note(describeFacts(facts, mirror))
  if (!yes) {
    if (context.ask === undefined)
      throw new QuerentError('bad-usage', `downloading ${id} needs your word: repeat the command with --yes`, { expected: '--yes' })
    if (!/^y(es)?$/i.test((await context.ask('Download? [y/N] ')).trim())) throw new QuerentError('cancelled', 'nothing was downloaded')
  }
  const room = await roomOf(workspaceOf(library))
  room(set.bytes - (await receivedOf(library, id)))
  const show = progressLine(context)
  try {
    const assignment = await downloadSet({ set, library, mirror, signal: context.signal, onProgress: show })
    show(null)
    const result = await importing(assignment)
    await discardDownload(library, id)
    const { dataset, known, notes } = result
    for (const note of notes) context.note(note)
    return {
      json: result,
      text: `${known ? 'in the library already: ' : ''}${dataset.id}  ${dataset.rows} rows, ${dataset.testRows} test rows, ${dataset.classes} classes`,
    }
  } catch (error) {
    show(null)
    throw error instanceof QuerentError ? withAdvice(error, id) : error
  }
}

/** A stop keeps what has come; a failing server may have a mirror. */
function withAdvice(error: QuerentError, id: string): QuerentError {
  if (error.code === 'cancelled') return new QuerentError('cancelled', `stopped; the same command goes on with what has come of ${id}`)
  if (error.code !== 'network') return error
  const expected = `${error.details.expected === undefined ? '' : `${error.details.expected}; `}try again later, or name another place with --mirror URL`
  return new QuerentError(error.code, error.message, { ...error.details, expected }, { cause: error.cause })
}

export const sizeText = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1e3)} kB`

const describeFacts = ({ title, source, licence, bytes, isExact, hosts, isChecked }: SetFacts, mirror: string | undefined): string =>
  [
    title,
    `  source   ${source}`,
    `  licence  ${licence}`,
    `  size     ${isExact ? '' : 'about '}${sizeText(bytes)}`,
    `  from     ${mirror ?? hosts.join(', ')}`,
    `  checked  ${isChecked ? 'against the published checksums' : 'no checksum is published: the SHA-256 of what comes is recorded'}`,
  ].join('\n')

/** One line that stays in its place on a terminal, nothing elsewhere; null ends it. */
export function progressLine({ stderr }: CliContext): (progress: SetProgress | null) => void {
  if (stderr.isTTY !== true) return () => undefined
  return (progress) => {
    if (progress === null) return void stderr.write('\r\x1b[K')
    const { phase, received, total, bytesPerSecond, etaMs } = progress
    const rate = bytesPerSecond === null ? '' : `  ${sizeText(bytesPerSecond)}/s`
    const eta = etaMs === null ? '' : `  ${duration(etaMs)} left`
    stderr.write(`\r${phase}  ${sizeText(received)} of ${sizeText(total)}${rate}${eta}\x1b[K`)
  }
}
