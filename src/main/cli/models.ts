import { availableParallelism } from 'node:os'
import type { Command } from 'commander'
import { Option } from 'commander'
import { badInput, QuerentError } from '@engine/core/errors'
import { pretrainSection } from '@engine/study/fields'
import { problemsOf } from '@engine/study/problems'
import { backendIds, type BackendId } from '@engine/nn/executor'
import type { PretrainSpec } from '@engine/study/spec'
import { parse } from 'yaml'
import { assignmentOf, pretrainOne } from '../lab/prepareBackbones'
import { createBackends } from '../node/backends'
import { experimentDependencies } from '../node/experiments'
import { forkSpawner } from '../node/jobs/fork'
import { addModel, findByKey, listModels, modelInfo, removeModel, requireFreeName, requireModel } from '../node/models/library'
import { readModelFile } from '../node/models/modelFile'
import { defaultWorkspace, featuresOf, libraryOf, modelsOf } from '../node/workspace/location'
import { textTable, type CliContext, type CommandResult } from './io'
import { duration } from './progressLine'

export function register(program: Command, context: CliContext): void {
  const models = (): string => modelsOf(defaultWorkspace())
  const command = program.command('models').description('the library of pre-trained backbones that studies fine-tune')

  command
    .command('list')
    .description('every model of the library')
    .action(
      context.action(async () => {
        const list = (await listModels(models())).map(modelInfo)
        const header = ['name', 'method', 'source', 'input', 'width', 'parameters', 'accuracy', 'sha256']
        const rows = list.map((model) => [
          model.name,
          model.method,
          model.source,
          model.inputShape.join('×'),
          model.width,
          model.parameters,
          model.accuracy === null ? null : Number(model.accuracy.toFixed(4)),
          model.sha256.slice(0, 8),
        ])
        return { json: { models: list }, text: list.length === 0 ? 'the model library is empty' : textTable(header, rows) }
      }),
    )

  command
    .command('info')
    .description('one model of the library')
    .argument('<name>', 'name, or the first 8 or more digits of its SHA-256')
    .action(
      context.action(async (name: string) => {
        const model = modelInfo(await requireModel(models(), name).catch(notFound))
        return {
          json: model,
          text: textTable(
            ['', ''],
            Object.entries(model).map(([key, value]) => [key, valueText(value)]),
          ),
        }
      }),
    )

  command
    .command('pretrain')
    .description('pre-train a backbone on a data set and keep it')
    .argument('<dataset>', 'source: a library id, a path, or YAML such as "{ id: digits, classes: [0, 1, 2] }"')
    .option('--name <name>', 'name in the library')
    .addOption(new Option('--method <method>', 'by labels, or without').choices(['supervised', 'simclr']))
    .option('--model <yaml>', 'network, e.g. "{ type: resnet, widths: [8, 16, 32] }"', '{ type: cnn }')
    .option('--set <field=value...>', 'epochs, batchSize, learningRate, … as in model.backbone.pretrain of a study')
    .addOption(new Option('--backend <id>', 'where the network is trained').choices(['auto', ...backendIds]))
    .action(context.action((dataset: string, options: PretrainOptions) => pretrainCommand(context, dataset, options)))

  command
    .command('import')
    .description('bring in weights: .safetensors or .npz of torch with an architecture file, or model.json of a Keras model')
    .argument('<file>', 'weights file, or model.json with its weight files beside it')
    .option(
      '--architecture <file>',
      'JSON: { layers, inputShape, head, scaling }, or the list of layers (default: the .json beside the weights)',
    )
    .option('--input-shape <sizes>', 'shape of a sample, channels first, e.g. 1,28,28')
    .option('--name <name>', 'name in the library')
    .option('--shift <numbers>', 'inputs are (value − shift) · scale: one number, or one per value of a sample')
    .option('--scale <numbers>')
    .action(
      context.action(async (file: string, options: ImportOptions) => {
        const { inputShape, shift, scale, architecture, name } = options
        const { backbone, source } = readModelFile(context.resolve(file), file, {
          ...(name === undefined ? {} : { name }),
          ...(architecture === undefined ? {} : { architecture: context.resolve(architecture) }),
          ...(inputShape === undefined ? {} : { inputShape: numbers(inputShape, '--input-shape') }),
          ...(shift === undefined && scale === undefined
            ? {}
            : { scaling: { shift: numbers(shift ?? '0', '--shift'), scale: numbers(scale ?? '1', '--scale') } }),
        })
        const about = { key: null, source, method: 'imported', loss: null, accuracy: null } as const
        const { model, known } = await addModel(models(), backbone, about, name !== undefined)
        return { json: { ...modelInfo(model), known }, text: `${known ? 'in the library already: ' : ''}${describe(model)}` }
      }),
    )

  command
    .command('remove')
    .description('take a model out of the library')
    .argument('<name>')
    .action(
      context.action(async (name: string) => {
        const model = await removeModel(models(), (await requireModel(models(), name).catch(notFound)).sha256)
        return { json: modelInfo(model), text: `removed ${model.name}` }
      }),
    )
}

interface PretrainOptions {
  readonly name?: string
  readonly method?: string
  readonly model: string
  readonly set?: readonly string[]
  readonly backend?: 'auto' | BackendId
}

interface ImportOptions {
  readonly architecture?: string
  readonly inputShape?: string
  readonly name?: string
  readonly shift?: string
  readonly scale?: string
}

const describe = ({ name, width, parameters }: { readonly name: string; readonly width: number; readonly parameters: number }): string =>
  `${name}  ${width} features, ${parameters} parameters`

const valueText = (value: unknown): string =>
  Array.isArray(value) ? value.join(' ') : typeof value === 'number' || typeof value === 'string' ? String(value) : ''

async function pretrainCommand(context: CliContext, dataset: string, options: PretrainOptions): Promise<CommandResult> {
  const spec = specOf(dataset, options)
  const workspace = defaultWorkspace()
  const models = modelsOf(workspace)
  const spawner = forkSpawner(context.jobEntry, workspace)
  const backends = createBackends(spawner)
  const folders = [libraryOf(workspace), featuresOf(workspace), models] as const
  const { datasets, clock } = experimentDependencies(spawner, backends, availableParallelism(), ...folders)
  const source = await datasets.facts(spec.dataset, context.cwd)
  const backend = await backends.resolve(options.backend ?? 'auto')
  const assignment = assignmentOf(spec, source, backend, context.cwd, options.name)
  const made = await findByKey(models, assignment.key)
  if (made !== undefined) return { json: { ...modelInfo(made), known: true }, text: `in the library already: ${describe(made)}` }
  if (options.name !== undefined) await requireFreeName(models, options.name)
  const start = clock.ticks()
  const isLive = context.stderr.isTTY === true
  const model = await pretrainOne(
    assignment,
    () => spawner.spawn(),
    ({ epoch, epochs, loss }) => {
      const left = ((clock.ticks() - start) / (epoch + 1)) * (epochs - epoch - 1)
      const text = `epoch ${epoch + 1}/${epochs}  loss ${loss.toFixed(4)}  ${duration(left)} left`
      if (isLive) context.stderr.write(`\r\u001B[K${text}${epoch + 1 === epochs ? '\n' : ''}`)
      else context.note(text)
    },
    context.signal,
  )
  const accuracy = model.accuracy === null ? '' : `, accuracy ${model.accuracy.toFixed(4)} on the source`
  return { json: { ...model, known: false }, text: `${describe(model)}${accuracy}` }
}

function specOf(dataset: string, { method, model, set = [] }: PretrainOptions): PretrainSpec {
  const assigned = set.map((text) => {
    const equals = text.indexOf('=')
    if (equals < 1) throw new QuerentError('bad-usage', `--set ${text}: field=value is needed`, { found: text })
    return [text.slice(0, equals), yaml(text.slice(equals + 1), `--set ${text.slice(0, equals)}`)] as const
  })
  const given = {
    dataset: /^\s*\{/.test(dataset) ? yaml(dataset, 'the data set') : dataset,
    model: yaml(model, '--model'),
    ...(method === undefined ? {} : { method }),
    ...Object.fromEntries(assigned),
  }
  const parsed = pretrainSection.safeParse(given)
  if (parsed.success) return parsed.data
  const [{ finding }] = problemsOf(parsed.error.issues, given, [], () => Object.keys(pretrainSection.shape))
  throw badInput(`${finding.path}: ${finding.message}`, {
    path: finding.path,
    found: finding.found,
    expected: finding.expected,
    nearest: finding.nearest,
  })
}

function yaml(text: string, what: string): unknown {
  try {
    return parse(text) as unknown
  } catch (cause) {
    throw new QuerentError('bad-usage', `${what} is not YAML`, { found: text }, { cause })
  }
}

function numbers(text: string, flag: string): number[] {
  const values = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)))
  const isShape = flag === '--input-shape'
  if (values.every((value) => (isShape ? Number.isInteger(value) && value > 0 : Number.isFinite(value)))) return values
  throw new QuerentError('bad-usage', `${flag} needs ${isShape ? 'whole numbers above 0' : 'numbers'}, separated by commas`, {
    found: text,
  })
}

/** A name on the command line is no field of a study. */
function notFound(error: unknown): never {
  if (!(error instanceof QuerentError)) throw error
  const { found, nearest, expected } = error.details
  throw new QuerentError('not-found', error.message, { found, nearest, expected: expected?.replace(/, or a weights file$/, '') })
}
