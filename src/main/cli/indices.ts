import { extname } from 'node:path'
import { Option, type Command } from 'commander'
import { QuerentError } from '@engine/core/errors'
import { indexFormats, type IndexRequest } from '@contract/types'
import { openResults } from '../lab/results'
import { indexFile } from '../exporting/indices'
import { splitTextOf } from '../node/splitText'
import { fileStore } from '../node/storage/resultFolder'
import { writeAtomic } from '../node/storage/files'
import { integer, type CliContext, type CommandResult } from './io'

type Options = Omit<IndexRequest, 'format'> & { readonly out?: string }

export function register(program: Command, context: CliContext): void {
  program
    .command('indices')
    .description('row numbers of an experiment: what was selected by round, its split (for data.split), its initial sets (for initialRows)')
    .argument('<dir>', 'result folder')
    .addOption(new Option('--what <what>').choices(['selections', 'split', 'initial']).default('selections'))
    .option('--dataset <name>', 'only this data set')
    .option('--strategy <name>', 'only this strategy')
    .option('--seed <n>', 'only this repeat', integer(0))
    .option('--out <file>', '.json, .csv, .npy (one run) or .npz (one array per run, of round and row)')
    .action(context.action((dir: string, options: Options) => indices(context, context.resolve(dir), options)))
}

async function indices(context: CliContext, dir: string, { out, ...which }: Options): Promise<CommandResult> {
  const format = out === undefined ? 'json' : indexFormats.find((name) => extname(out).toLowerCase() === `.${name}`)
  if (format === undefined)
    throw new QuerentError('bad-usage', `${out}: the ending does not say which format`, {
      path: '--out',
      found: extname(out ?? ''),
      expected: '.json, .csv, .npy or .npz',
    })
  const view = await openResults(fileStore, dir)
  const { bytes } = indexFile(view, { ...which, format }, splitTextOf(view, dir))
  if (out === undefined) {
    const text = new TextDecoder().decode(bytes)
    return { json: JSON.parse(text) as unknown, text }
  }
  await writeAtomic(context.resolve(out), bytes)
  return { json: { file: context.resolve(out) }, text: out }
}
