import { join } from 'node:path'
import type { Command } from 'commander'
import { throwIfCancelled } from '@engine/core/errors'
import { parseStudy } from '@engine/study/schema'
import { startExperiment } from '../lab/runExperiment'
import { integer, type CliContext, type CommandResult } from './io'
import { showProgress } from './progressLine'
import { addStudyInput, createExperimentHost, parseShard, readStudyInput, type StudyOptions } from './studyInput'

interface Options extends StudyOptions {
  readonly out?: string
  readonly jobs?: number
}

export function register(program: Command, context: CliContext): void {
  addStudyInput(
    program.command('run').description('run a study; runs that are finished already are reused, so the same command continues it'),
  )
    .option('--out <dir>', 'result folder (default: results/<study>)')
    .option('--shard <i/n>', 'only the i-th of n shares of the grid, i = 1 … n', parseShard)
    .option('--jobs <n>', 'runs at a time (default: one per core)', integer(1))
    .action(context.action((words: string[], options: Options) => run(context, words, options)))
}

async function run(context: CliContext, words: readonly string[], { out, jobs, ...options }: Options): Promise<CommandResult> {
  const request = await readStudyInput(context, words, options)
  const { study } = parseStudy(request.studyText, { file: request.studyPath, overrides: request.overrides })
  const outDir = context.resolve(out ?? join('results', study))
  throwIfCancelled(context.signal)
  const experiment = await startExperiment({ ...request, outDir, jobs, command: context.commandLine }, createExperimentHost(context))
  for (const warning of experiment.warnings) context.note(`warning: ${warning}`)
  const stop = (): void => experiment.cancel()
  context.signal.addEventListener('abort', stop)
  if (context.signal.aborted) stop()
  const endProgress = showProgress(experiment, context)
  try {
    const { cancelled, ...outcome } = await experiment.done
    const finished =
      outcome.runs -
      outcome.failed -
      (cancelled ? experiment.plan.filter(({ hash }) => experiment.state(hash).status === 'cancelled').length : 0)
    const lines = [
      `${outcome.runs} runs: ${finished} finished (${outcome.reused} reused), ${outcome.failed} failed`,
      `results  ${outcome.out}`,
      ...(outcome.resultHash === null ? [] : [`hash     ${outcome.resultHash}`]),
      ...(cancelled ? ['stopped; the same command continues'] : []),
    ]
    return { json: outcome, text: lines.join('\n'), exitCode: cancelled ? 130 : outcome.failed > 0 ? 1 : 0 }
  } finally {
    endProgress()
    context.signal.removeEventListener('abort', stop)
  }
}
