import type { Command } from 'commander'
import { badInput, QuerentError } from '@engine/core/errors'
import { requireFinite } from '@engine/core/linear'
import { takeRows } from '@engine/core/matrix'
import { alignmentScoreParams, alignmentWith } from '@engine/strategies/alignment'
import { arrayView } from '@engine/strategies/arrayView'
import { badgeScores } from '@engine/strategies/badge'
import type { ScoreFunction } from '@engine/strategies/contract'
import { scoreSource } from '@engine/strategies/query'
import { scores } from '@engine/strategies/registry'
import { typicalities, typicalityParams } from '@engine/strategies/typiclust'
import { openLabels, openRows } from './arrays/files'
import { paramsFor, refuseMethod } from './arrays/methods'
import { addArrayOptions, openInputs, type ArrayOptions, type MethodInputs } from './arrays/methodInputs'
import { openNetwork } from './arrays/network'
import { addParamOptions } from './arrays/paramFlags'
import { tableResult } from './arrays/table'
import type { CliContext, CommandResult } from './io'

type Options = ArrayOptions & {
  readonly chosen?: string
  readonly targetInputs?: string
  readonly targetLabels?: string
} & Readonly<Record<string, unknown>>

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('score')
    .description('score samples from arrays of any framework: higher = query first')
    .argument('[method]', 'one of the commands below')
    .allowUnknownOption()
    .allowExcessArguments()
    .action(context.action((id: string | undefined) => refuseMethod(id, [...scores.keys(), 'badge', 'alignment', 'typiclust'])))

  for (const [id, score] of scores) {
    const method = addArrayOptions(command.command(id).description(score.title))
    addParamOptions(method, score.params)
    method.action(context.action((options: Options) => run(context, options, id, (inputs) => scoreRows(score, inputs, options))))
  }

  addArrayOptions(command.command('badge').description('Squared norm of the gradient embedding'))
    .option('--chosen <rows>', 'squared distance to the nearest of these rows instead: a file, or numbers like 0,3,7')
    .action(context.action((options: Options) => run(context, options, 'badge', (inputs) => scoreBadge(context, inputs, options.chosen))))

  const aligned = addArrayOptions(
    command.command('alignment').description("Alignment with the mean gradient of labelled inputs, under the pool's predicted labels"),
  )
    .option('--target-inputs <file>', 'inputs whose mean gradient is the target, m × d or m × c × h × w')
    .option('--target-labels <file>', 'their class numbers, m')
  addParamOptions(aligned, alignmentScoreParams)
  aligned.action(
    context.action((options: Options) => run(context, options, 'alignment', (inputs) => scoreAlignment(context, inputs, options))),
  )

  const typiclust = addArrayOptions(command.command('typiclust').description('Typicality within the cluster'))
  addParamOptions(typiclust, typicalityParams)
  typiclust.action(context.action((options: Options) => run(context, options, 'typiclust', (inputs) => scoreTypicality(inputs, options))))
}

/** Against labelled inputs of the same model. */
async function scoreAlignment(context: CliContext, inputs: MethodInputs, options: Options): Promise<Float64Array> {
  const { model, architecture, targetInputs, targetLabels, seed = 0 } = options
  const { network } = inputs.source
  if (network === undefined || model === undefined || targetInputs === undefined || targetLabels === undefined)
    throw new QuerentError('bad-usage', 'score alignment needs --model, --inputs, --target-inputs and --target-labels', {
      expected: '--model, --inputs, --target-inputs, --target-labels',
    })
  const { classes } = network.model
  const labels = openLabels(context, targetLabels, classes)
  const target = await openNetwork(context, model, architecture, targetInputs, seed)
  try {
    if (labels.length !== target.count)
      throw badInput(`${targetLabels} has ${labels.length} rows, ${targetInputs} ${target.count}`, {
        file: targetLabels,
        found: `${labels.length} rows`,
        expected: `${target.count} rows`,
      })
    const views = { pool: arrayView(inputs.source), target: arrayView({ network: target }) }
    return await alignmentWith(views, inputs.pool, { labels, classes }, paramsFor(inputs, alignmentScoreParams, options), inputs.random)
  } finally {
    target.model.dispose()
  }
}

async function run(
  context: CliContext,
  options: Options,
  id: string,
  score: (inputs: MethodInputs) => Promise<Float64Array>,
): Promise<CommandResult> {
  const inputs = await openInputs(context, options)
  try {
    const values = await score(inputs)
    requireFinite(values, 'the score', inputs.pool)
    const rows = Array.from(inputs.pool, (row, i) => [row, values[i]])
    return await tableResult(
      context,
      ['row', 'score'],
      rows,
      { method: id, scores: rows.map(([row, value]) => ({ row, score: value })) },
      options.out,
    )
  } finally {
    inputs.dispose()
  }
}

const scoreRows = (score: ScoreFunction, inputs: MethodInputs, options: Options): Promise<Float64Array> =>
  score.score(scoreSource(arrayView(inputs.source), inputs.pool), paramsFor(inputs, score.params, options))

async function scoreBadge(context: CliContext, inputs: MethodInputs, chosen: string | undefined): Promise<Float64Array> {
  const view = arrayView(inputs.source)
  const all = Int32Array.from({ length: inputs.n }, (_, row) => row)
  const rows = chosen === undefined ? [] : openRows(context, chosen, '--chosen', inputs.n)
  const scores = badgeScores(await view.probabilities(all), await view.embeddings(all), rows, all)
  return Float64Array.from(inputs.pool, (row) => scores[row])
}

/** Among the candidates: labelled rows are nobody's neighbours. */
async function scoreTypicality(given: MethodInputs, options: Options): Promise<Float64Array> {
  const { source, inputs, pool, clusters } = given
  const features = source.embeddings ?? inputs
  if (features === undefined || clusters === undefined)
    throw new QuerentError('bad-usage', 'score typiclust needs --features and --clusters', { expected: '--features, --clusters' })
  return typicalities(
    takeRows(features, pool),
    pool.map((row) => clusters[row]),
    paramsFor(given, typicalityParams, options),
  )
}
