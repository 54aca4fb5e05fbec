import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { QuerentError, throwIfCancelled } from '@engine/core/errors'
import { describeDifference, type Tables } from '../lab/compareTables'
import { openResults } from '../lab/results'
import { compareResults, prepareVerification, startVerification, type Verification } from '../lab/verify'
import { tableNames } from '../exporting/csv'
import { readIfThere } from '../node/storage/files'
import { integer, type CliContext, type CommandResult } from './io'
import { showProgress } from './progressLine'
import { createExperimentHost } from './studyInput'

interface Options {
  readonly sample?: number
  readonly jobs?: number
}

export function register(program: Command, context: CliContext): void {
  program
    .command('verify')
    .description('compute the runs of a result folder again and compare them with its files')
    .argument('<dir>', 'result folder')
    .option('--sample <n>', 'only n runs, spread over the grid', integer(1))
    .option('--jobs <n>', 'runs at a time (default: one per core)', integer(1))
    .action(context.action((dir: string, options: Options) => verify(context, context.resolve(dir), options)))
}

async function verify(context: CliContext, dir: string, { sample, jobs }: Options): Promise<CommandResult> {
  const host = createExperimentHost(context)
  const view = await openResults(host.store, dir).catch(damagedIsDifferent)
  const prepared = await prepareVerification(view, dir, sample, host)
  throwIfCancelled(context.signal)
  const temporary = await mkdtemp(join(tmpdir(), 'querent-verify-'))
  try {
    const fresh = await startVerification(prepared, temporary, jobs, host)
    const stop = (): void => fresh.cancel()
    context.signal.addEventListener('abort', stop)
    if (context.signal.aborted) stop()
    const endProgress = showProgress(fresh, context)
    const outcome = await fresh.done.finally(endProgress)
    throwIfCancelled(context.signal)
    if (outcome.failed > 0)
      throw new QuerentError('internal', `${outcome.failed} of ${outcome.runs} runs failed when computed again; the lines above say why`)
    return report(compareResults(view, fresh, await readTables(dir), host), view.plan.length)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

async function readTables(dir: string): Promise<Tables> {
  const tables: Record<string, string> = {}
  for (const name of [...tableNames, 'ledger']) {
    const bytes = await readIfThere(join(dir, `${name}.csv`))
    if (bytes !== null) tables[`${name}.csv`] = bytes.toString('utf8')
  }
  return tables
}

/** A run whose stored bytes contradict each other is what this command looks for; anything else is an input it cannot use. */
function damagedIsDifferent(error: unknown): never {
  const isRun = error instanceof QuerentError && error.code === 'bad-input' && /[/\\]runs[/\\]/.test(error.details.file ?? '')
  throw isRun ? new QuerentError('different', error.message, error.details, { cause: error }) : error
}

function report(verification: Verification, total: number): CommandResult {
  const { identical, runs, firstDifference } = verification
  const amount = runs === total ? `all ${runs} runs` : `${runs} of ${total} runs`
  const text = firstDifference === null ? `identical: ${amount} computed again` : `different: ${describeDifference(firstDifference)}`
  return { json: verification, text, exitCode: identical ? 0 : 3 }
}
