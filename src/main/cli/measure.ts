import { Option, type Command } from 'commander'
import { badInput } from '@engine/core/errors'
import type { Matrix } from '@engine/core/matrix'
import { diversityMeasures } from '@engine/metrics/diversity'
import { logme, logMeVariants, type LogMe, type LogMeVariant } from '@engine/metrics/logme'
import { pedLogme } from '@engine/metrics/ped'
import { evaluateMetrics, metrics } from '@engine/metrics/registry'
import type { MetricId } from '@engine/study/spec'
import { openLabels, openMatrix, openRows, requireProbabilities } from './arrays/files'
import { refuseMethod } from './arrays/methods'
import { tableResult } from './arrays/table'
import { integer, number, type CliContext, type CommandResult } from './io'

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

interface LogMeOptions {
  readonly features: string
  readonly labels: string
  readonly variant: LogMeVariant
  readonly out?: string
}

interface PedOptions extends LogMeOptions {
  readonly background?: string
  readonly nSigma: number
  readonly steps: number
}

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('measure')
    .description('measure predictions or a selection from arrays of any framework')
    .argument('[measure]', 'one of the commands below')
    .allowUnknownOption()
    .allowExcessArguments()
    .action(context.action((id: string | undefined) => refuseMethod(id, [...metrics.keys(), 'diversity', 'logme', 'ped-logme'])))

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

  logMeCommand(command, 'logme', 'How well features fit labels: log evidence of a linear model, per row (higher is better)').action(
    context.action((options: LogMeOptions) => measureLogMe(context, options)),
  )
  logMeCommand(command, 'ped-logme', 'LogME after pushing overlapping classes apart (potential energy decline)')
    .option('--background <file>', 'm × d: its mean and deviation scale the features (default: the features themselves)')
    .option('--n-sigma <x>', 'how many radii reach the border of a class', number, 0.6)
    .option('--steps <n>', 'most steps taken', integer(0), 6)
    .action(context.action((options: PedOptions) => measurePedLogMe(context, options)))
}

const logMeCommand = (command: Command, id: string, description: string): Command =>
  command
    .command(id)
    .description(description)
    .requiredOption('--features <file>', 'n × d')
    .requiredOption('--labels <file>', 'class numbers, n')
    .addOption(
      new Option('--variant <name>', 'public: with a term that the public code keeps when n < d')
        .choices([...logMeVariants])
        .default('exact'),
    )
    .option('--out <file>', 'write the table to this file')

function measurePredictions(context: CliContext, id: MetricId, { probs, labels, out }: PredictionOptions): Promise<CommandResult> {
  const probabilities = openMatrix(context, probs)
  requireProbabilities(probabilities, probs)
  const classes = openLabels(context, labels, probabilities.cols)
  requireRows(classes, labels, probabilities, probs)
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

function measureLogMe(context: CliContext, options: LogMeOptions): Promise<CommandResult> {
  const { features, labels, classes } = openLabeled(context, options)
  return logMeResult(context, 'logme', options, features, logme(features, labels, classes, options))
}

function measurePedLogMe(context: CliContext, options: PedOptions): Promise<CommandResult> {
  const { nSigma, steps, variant, background } = options
  if (nSigma < 0) throw badInput('--n-sigma is negative', { path: '--n-sigma', found: String(nSigma), expected: 'a number from 0' })
  const { features, labels, classes } = openLabeled(context, options)
  const scale = background === undefined ? undefined : openMatrix(context, background)
  if (scale && scale.cols !== features.cols)
    throw badInput(`${background} has ${scale.cols} columns, ${options.features} ${features.cols}`, {
      file: background,
      found: `${scale.cols} columns`,
      expected: `${features.cols} columns`,
    })
  return logMeResult(
    context,
    'ped-logme',
    options,
    features,
    pedLogme(features, labels, classes, { variant, nSigma, steps, background: scale }),
  )
}

function openLabeled(context: CliContext, names: LogMeOptions): { features: Matrix; labels: Int32Array; classes: number } {
  const features = openMatrix(context, names.features)
  const labels = openLabels(context, names.labels)
  requireRows(labels, names.labels, features, names.features)
  return { features, labels, classes: labels.reduce((most, label) => Math.max(most, label), -1) + 1 }
}

/** The value and that of each class; `--json` has the rest of what was found. */
function logMeResult(
  context: CliContext,
  measure: string,
  { variant, out }: LogMeOptions,
  { rows, cols }: Matrix,
  found: LogMe,
): Promise<CommandResult> {
  const table = [[measure, found.value], ...found.perClass.map(({ label, value }): [string, number] => [`class ${label}`, value])]
  return tableResult(context, ['measure', 'value'], table, { measure, variant, rows, columns: cols, ...found }, out)
}

function requireRows(labels: Int32Array, labelsName: string, { rows }: Matrix, name: string): void {
  if (labels.length === rows) return
  throw badInput(`${labelsName} has ${labels.length} rows, ${name} ${rows}`, {
    file: labelsName,
    found: `${labels.length} rows`,
    expected: `${rows} rows`,
  })
}
