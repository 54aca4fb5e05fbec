import type { Command } from 'commander'
import { QuerentError } from '@engine/core/errors'
import { arrayQuery, arrayView } from '@engine/strategies/arrayView'
import type { Reading } from '@engine/strategies/contract'
import { scores, selectorOf, strategies } from '@engine/strategies/registry'
import { addArrayOptions, openInputs, type ArrayOptions } from './arrays/methodInputs'
import { addParamOptions } from './arrays/paramFlags'
import { paramsFor, refuseMethod, runOnly } from './arrays/methods'
import { tableResult } from './arrays/table'
import { integer, type CliContext, type CommandResult } from './io'

type Options = ArrayOptions & { readonly k: number } & Readonly<Record<string, unknown>>

/** Every strategy and every score that can choose from arrays. */
const selectable = [...new Set([...strategies.keys(), ...scores.keys()])].filter((id) => !runOnly.has(id))

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('select')
    .description('choose the next rows to label from arrays of any framework')
    .argument('[method]', 'one of the commands below')
    .allowUnknownOption()
    .allowExcessArguments()
    .action(context.action((id: string | undefined) => refuseMethod(id, selectable)))

  for (const id of selectable) {
    const strategy = selectorOf(id)
    const method = addArrayOptions(command.command(id).description(strategy.title)).requiredOption('--k <n>', 'rows to choose', integer(1))
    addParamOptions(method, strategy.params)
    method.action(context.action((options: Options) => select(context, id, options)))
  }
}

const readings: Readonly<Record<Reading, string>> = {
  validation: 'labelled validation rows',
  moments: 'the moments of Adam',
  oracle: 'the true labels of the pool',
}

async function select(context: CliContext, id: string, options: Options): Promise<CommandResult> {
  const strategy = selectorOf(id)
  const inputs = await openInputs(context, options)
  try {
    const { pool, labeled, labels, clusters, source, random } = inputs
    if (options.k > pool.length)
      throw new QuerentError('bad-usage', `--k ${options.k} rows of a pool of ${pool.length}`, {
        path: '--k',
        found: String(options.k),
        expected: `at most ${pool.length}`,
      })
    const params = paramsFor(inputs, strategy.params, options)
    const [reading] = strategy.reads?.(params) ?? []
    if (reading !== undefined)
      throw new QuerentError('bad-usage', `select ${id} would read ${readings[reading]}, which arrays do not hold`, {
        path: reading === 'moments' ? '--gradient' : '--target',
        expected: reading === 'moments' ? '--gradient sgd' : '--target pool-pseudo or train',
      })
    const classes = source.probabilities?.cols ?? source.logits?.cols ?? source.network?.model.classes ?? 0
    const query = arrayQuery({
      pool,
      labeled,
      labels,
      k: options.k,
      classes,
      model: arrayView(source),
      // Methods without a model measure distances between the features that are given.
      inputs: (strategy.modelFree ? source.embeddings : undefined) ?? inputs.inputs,
      ...(clusters === undefined ? {} : { clusters }),
      random,
      signal: context.signal,
    })
    const { rows, scores: values } = await strategy.select(query, params)
    const position = new Map(Array.from(pool, (row, i) => [row, i]))
    const picks = Array.from(rows, (row, order) => ({ order, row, score: values?.[position.get(row) ?? -1] ?? null }))
    return await tableResult(
      context,
      ['order', 'row', 'score'],
      picks.map(({ order, row, score }) => [order, row, score]),
      { method: id, k: options.k, rows: picks.map(({ row }) => row), picks },
      options.out,
    )
  } finally {
    inputs.dispose()
  }
}
