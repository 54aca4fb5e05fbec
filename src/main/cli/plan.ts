import type { Command } from 'commander'
import type { PlanReport } from '@contract/types'
import type { Finding } from '@engine/study/spec'
import { planStudy } from '../lab/planStudy'
import { describeError, integer, textTable, type CliContext, type CommandResult } from './io'
import { duration } from './progressLine'
import { addStudyInput, createExperimentHost, readStudyInput, type StudyOptions } from './studyInput'

interface Options extends StudyOptions {
  readonly jobs?: number
}

export function register(program: Command, context: CliContext): void {
  addStudyInput(program.command('plan').description('show the grid of a study, what it would take and what a reviewer would object to'))
    .option('--jobs <n>', 'runs at a time that the estimate is for (default: one per core)', integer(1))
    .action(context.action((words: string[], options: Options) => plan(context, words, options)))
}

async function plan(context: CliContext, words: readonly string[], { jobs, ...options }: Options): Promise<CommandResult> {
  const request = await readStudyInput(context, words, options)
  const report = await planStudy({ ...request, jobs }, createExperimentHost(context))
  const errors = report.findings.filter(({ severity }) => severity === 'error')
  for (const finding of errors)
    context.note(describeError({ message: finding.message, details: { ...detailsOf(finding), file: request.studyPath } }))
  return { json: report, text: report.valid ? textOf(report) : '', exitCode: report.valid ? 0 : 2 }
}

const detailsOf = ({ path, line, found, expected, nearest }: Finding): Partial<Finding> => ({ path, line, found, expected, nearest })

function textOf({ runs, fits, estimatedSeconds, estimatedBytes, estimatedMemoryBytes, grid, findings }: PlanReport): string {
  const paths = Object.keys(grid[0]?.factors ?? {})
  const table = textTable(
    ['strategy', ...paths, 'runs'],
    grid.map(({ strategy, factors, seeds }) => [
      strategy,
      ...paths.map((path) => (factors[path] === null ? '' : JSON.stringify(factors[path]))),
      seeds,
    ]),
  )
  const size = `${runs} runs, ${fits} fits, about ${duration(estimatedSeconds * 1000)}, ${megabytes(estimatedBytes)} on disk, ${megabytes(estimatedMemoryBytes)} of memory`
  const remarks = findings.map(
    ({ severity, path, message, fix }) => `${severity}: ${path}: ${message}${fix === undefined ? '' : ` → ${fix}`}`,
  )
  return [table, '', size, ...remarks].join('\n')
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`
