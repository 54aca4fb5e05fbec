import type { Command } from 'commander'
import { badInput } from '@engine/core/errors'
import { diversityMeasures } from '@engine/metrics/diversity'
import { evaluateMetrics, metrics } from '@engine/metrics/registry'
import type { MetricId } from '@engine/study/spec'
import { openLabels, openMatrix, openRows, requireProbabilities } from './arrays/files'
import { refuseMethod } from './arrays/methods'
import { tableResult } from './arrays/table'
import type { CliContext, CommandResult } from './io'

interface PredictionOptions {
  readonly probs: string
  readonly labels: string
  readonly out?: string
}

interface DiversityOptions {
  readonly features: string
  readonly rows: string
  readonly labeled?: string
  readonly out?: string
}

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('measure')
    .description('measure predictions or a selection from arrays of any framework')
    .argument('[measure]', 'one of the commands below')
    .allowUnknownOption()
    .allowExcessArguments()
    .action(context.action((id: string | undefined) => refuseMethod(id, [...metrics.keys(), 'diversity'])))

  for (const [id, metric] of metrics)
    command
      .command(id)
      .description(metric.title)
      .requiredOption('--probs <file>', 'class probabilities, n × C')
      .requiredOption('--labels <file>', 'class numbers, n')
      .option('--out <file>', 'write the table to this file')
      .action(context.action((options: PredictionOptions) => measurePredictions(context, id, options)))

  command
    .command('diversity')
    .description('Every measure of how spread out a selection is')
    .requiredOption('--features <file>', 'the fixed space, n × d; standardise it first')
    .requiredOption('--rows <rows>', 'the selection in pick order: a file, or numbers like 0,3,7')
    .option('--labeled <rows>', 'rows that need no covering')
    .option('--out <file>', 'write the table to this file')
    .action(context.action((options: DiversityOptions) => measureDiversity(context, options)))
}

function measurePredictions(context: CliContext, id: MetricId, { probs, labels, out }: PredictionOptions): Promise<CommandResult> {
  const probabilities = openMatrix(context, probs)
  requireProbabilities(probabilities, probs)
  const classes = openLabels(context, labels, probabilities.cols)
  if (classes.length !== probabilities.rows)
    throw badInput(`${labels} has ${classes.length} rows, ${probs} ${probabilities.rows}`, {
      file: labels,
      found: `${classes.length} rows`,
      expected: `${probabilities.rows} rows`,
    })
  const logProbabilities = { ...probabilities, data: probabilities.data.map(Math.log) }
  const value = evaluateMetrics(logProbabilities, classes, probabilities.cols, [id])[id]
  return tableResult(context, ['measure', 'value'], [[id, value]], { measure: id, value, rows: probabilities.rows }, out)
}

function measureDiversity(context: CliContext, { features, rows, labeled, out }: DiversityOptions): Promise<CommandResult> {
  const space = openMatrix(context, features)
  const picks = openRows(context, rows, '--rows', space.rows)
  const covered = new Set(labeled === undefined ? [] : openRows(context, labeled, '--labeled', space.rows))
  const pool = Array.from({ length: space.rows }, (_, row) => row).filter((row) => !covered.has(row))
  const values = diversityMeasures(space, picks, { pool })
  const table = Object.entries(values).map(([name, value]: [string, number | null]) => [name, value])
  return tableResult(context, ['measure', 'value'], table, { measure: 'diversity', values, rows: picks.length }, out)
}
