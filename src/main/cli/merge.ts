import { readdir, rename, rm, rmdir } from 'node:fs/promises'
import type { Command } from 'commander'
import { badInput } from '@engine/core/errors'
import { mergeParts, writeMerged, type Part } from '../lab/merge'
import { openResults } from '../lab/results'
import { systemCode, toQuerentError } from '../node/errors'
import type { CliContext, CommandResult } from './io'
import { createExperimentHost } from './studyInput'

export function register(program: Command, context: CliContext): void {
  program
    .command('merge')
    .description('join shards and earlier results of one study into a new folder')
    .argument('<dirs...>', 'result folders')
    .requiredOption('--out <dir>', 'new result folder')
    .action(context.action((dirs: string[], { out }: { out: string }) => merge(context, dirs, context.resolve(out))))
}

async function merge(context: CliContext, dirs: readonly string[], out: string): Promise<CommandResult> {
  const host = createExperimentHost(context)
  await refuseExisting(out)
  const parts: Part[] = []
  for (const name of dirs) {
    const dir = context.resolve(name)
    parts.push({ dir, view: await openResults(host.store, dir) })
  }
  const merged = mergeParts(parts, out, context.commandLine, host)
  // Made beside its final name and renamed when it is whole.
  const stage = `${out}.merging-${process.pid}`
  const folder = await host.store.open(stage, () => undefined)
  try {
    try {
      await writeMerged(merged, parts[0].view.studyText, folder, host)
    } finally {
      await folder.close()
    }
    await rmdir(out).catch(() => undefined)
    await rename(stage, out)
  } catch (error) {
    await rm(stage, { recursive: true, force: true })
    throw toQuerentError(error, out)
  }
  const { manifest, finished } = merged
  const missing = manifest.runs.length - finished
  if (missing > 0) context.note(`${missing} of ${manifest.runs.length} runs are not finished; querent run continues in this folder.`)
  const json = { out, runs: manifest.runs.length, finished, folders: parts.length, resultHash: manifest.resultHash }
  const text = [
    `${finished} of ${manifest.runs.length} runs from ${parts.length} folders`,
    `results  ${out}`,
    ...(manifest.resultHash === null ? [] : [`hash     ${manifest.resultHash}`]),
  ]
  return { json, text: text.join('\n') }
}

async function refuseExisting(out: string): Promise<void> {
  const names = await readdir(out).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return []
    throw toQuerentError(error, out)
  })
  if (names.length > 0) throw badInput('this folder is not empty', { file: out, found: names[0], expected: 'a new or empty folder' })
}
