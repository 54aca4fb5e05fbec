import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { Option, type Command } from 'commander'
import type { FeatureInfo, FeatureProgress } from '@contract/features'
import { nearestName, QuerentError } from '@engine/core/errors'
import { splitReference } from '@engine/data/readArray'
import { backendIds, type BackendId } from '@engine/nn/executor'
import type { FeatureAssignment } from '../lab/ports'
import { createBackends } from '../node/backends'
import { datasetInfo } from '../node/datasets'
import { slug } from '../node/datasets/imported/store'
import { fetchModel } from '../node/features/fetchModel'
import { areHere, hostsOf, networkFolder } from '../node/features/networks'
import { findPreset, modelPresets, type ModelPreset } from '../node/features/presets'
import { findFeatures, listFeatures, removeFeatures } from '../node/features/store'
import { forkSpawner } from '../node/jobs/fork'
import { requireModel } from '../node/models/library'
import { defaultWorkspace, featuresOf, libraryOf, modelsOf } from '../node/workspace/location'
import { progressLine, sizeText } from './downloadDataset'
import { integer, number, textTable, type CliContext, type CommandResult } from './io'
import { inJob } from './jobs'

interface ExtractOptions {
  readonly dataset: string
  readonly model?: string
  readonly backbone?: string
  readonly backend: 'auto' | BackendId
  readonly name?: string
  readonly tokenizer?: string
  readonly yes?: boolean
  readonly size?: string
  readonly filter?: string
  readonly mean?: string
  readonly std?: string
  readonly output?: string
  readonly pooling?: string
  readonly maxTokens?: number
  readonly batch?: number
}

export function register(program: Command, context: CliContext): void {
  const features = program
    .command('features')
    .description('features of data sets, made by networks or brought as files; studies name them in data.features')
  const store = (): string => featuresOf(defaultWorkspace())

  features
    .command('list')
    .description('what is stored, and the public networks that `extract` knows by name')
    .action(
      context.action(async () => {
        const list = await listFeatures(store())
        const stored = textTable(
          ['name', 'data set', 'rows', 'width', 'bytes', 'key', 'source'],
          list.map(({ name, dataset, rows, width, bytes, key, source }) => [name, dataset, rows, width, bytes, key.slice(0, 12), source]),
        )
        const known = textTable(
          ['network', 'reads', 'width', 'size', 'licence', 'title'],
          modelPresets.map(({ id, reads, width, about, licence, title }) => [id, reads, width, `~${sizeText(about)}`, licence, title]),
        )
        return { json: { features: list, models: modelPresets }, text: `${stored}\n\n${known}` }
      }),
    )

  features
    .command('info')
    .description('one set of features, by its name or the first letters of its key')
    .argument('<name>')
    .option('--dataset <name>', 'of this data set')
    .action(
      context.action(async (name: string, { dataset }: { dataset?: string }) => {
        const info = await findFeatures(store(), name, dataset)
        const rows = Object.entries(info).map(([field, value]) => [
          field,
          typeof value === 'object' ? JSON.stringify(value) : String(value),
        ])
        return { json: info, text: textTable(['field', 'value'], rows) }
      }),
    )

  features
    .command('extract')
    .description('run a network over the training rows of a data set; a stopped extraction goes on where it was')
    .requiredOption('--dataset <ref>', 'data set: a library id, or a file')
    .option('--model <model>', 'an .onnx file, its address, or a network of `features list`')
    .option('--backbone <name>', 'instead of --model: a model of the model library')
    .addOption(new Option('--backend <id>', 'what runs a backbone').choices(['auto', ...backendIds]).default('auto'))
    .option('--name <name>', 'name in the store; by default that of the network')
    .option('--size <h,w>', 'height and width that images are resized to')
    .addOption(new Option('--filter <name>', 'how images are resized').choices(['bilinear', 'bicubic']))
    .option('--mean <numbers>', 'subtracted from pixels in [0, 1] or from values: one number, or one per channel or column')
    .option('--std <numbers>', 'divides what is left')
    .option('--output <name>', 'output of the network to keep')
    .addOption(new Option('--pooling <way>', 'of outputs per token').choices(['auto', 'first', 'mean']))
    .option('--tokenizer <file>', 'tokenizer.json of a text network; by default the one beside it')
    .option('--max-tokens <n>', 'tokens that are read of a text', integer(2))
    .option('--batch <n>', 'rows at a time', integer(1))
    .option('--yes', 'download without asking')
    .action(context.action((options: ExtractOptions) => extract(context, options)))

  features
    .command('import')
    .description('bring features of the training rows: .npy, .npz#key, .safetensors#key or .parquet#column')
    .argument('<file>')
    .requiredOption('--dataset <ref>', 'data set whose rows they describe')
    .option('--name <name>', 'name in the store; by default from the file name')
    .action(
      context.action(async (reference: string, { dataset, name }: { dataset: string; name?: string }) => {
        const file = context.resolve(splitReference(reference).file)
        return made(context, { ...(await sourceOf(context, dataset)), ...(name && { name }), from: { type: 'file', file, reference } })
      }),
    )

  features
    .command('remove')
    .description('delete a set of features')
    .argument('<name>')
    .option('--dataset <name>', 'of this data set')
    .action(
      context.action(async (name: string, { dataset }: { dataset?: string }) => {
        const found = await findFeatures(store(), name, dataset)
        await removeFeatures(store(), found)
        return { json: { key: found.key, removed: true }, text: `removed ${found.name} of ${found.dataset}` }
      }),
    )
}

async function extract(
  context: CliContext,
  { backbone, backend, dataset, model, name, tokenizer, yes, size, mean, std, json: _json, ...rest }: ExtractOptions & { json?: boolean },
): Promise<CommandResult> {
  if ((model === undefined) === (backbone === undefined))
    throw new QuerentError('bad-usage', 'one of --model and --backbone is needed', { expected: '--model MODEL or --backbone NAME' })
  const source = { ...(await sourceOf(context, dataset)), ...(name && { name }) }
  if (model === undefined) {
    const workspace = defaultWorkspace()
    const { sha256 } = await requireModel(modelsOf(workspace), backbone ?? '')
    const { id } = await createBackends(forkSpawner(context.jobEntry, workspace)).resolve(backend)
    return made(context, { ...source, from: { type: 'backbone', backboneSha256: sha256, backend: id } })
  }
  const preset = findPreset(model)
  const settings = {
    ...preset?.settings,
    ...rest,
    ...(size && { size: numbers(size, '--size') }),
    ...(mean && { mean: numbers(mean, '--mean') }),
    ...(std && { std: numbers(std, '--std') }),
  }
  const path = await modelPath(context, model, preset, yes === true)
  return made(context, {
    ...source,
    ...(name === undefined && preset && { name: preset.id }),
    from: { type: 'onnx', model: path, settings, ...(tokenizer && { tokenizer: context.resolve(tokenizer) }) },
  })
}

const numbers = (text: string, flag: string): number[] =>
  text.split(',').map((part) => {
    try {
      return number(part.trim())
    } catch {
      throw new QuerentError('bad-usage', `${flag} needs numbers with commas between them`, { path: flag, found: text })
    }
  })

/** The file itself, or what is downloaded after licence and size were shown. */
async function modelPath(context: CliContext, model: string, preset: ModelPreset | undefined, yes: boolean): Promise<string> {
  const isAddress = /^https?:\/\//.test(model)
  if (preset === undefined && !isAddress) {
    if (/[/\\.]/.test(model)) return context.resolve(model)
    const ids = modelPresets.map(({ id }) => id)
    throw new QuerentError('not-found', `no network is called "${model}"`, {
      found: model,
      expected: `${ids.join(' · ')}, an .onnx file or its address`,
      nearest: nearestName(model, ids),
    })
  }
  const id =
    preset?.id ?? `${slug(basename(new URL(model).pathname, '.onnx'))}-${createHash('sha256').update(model).digest('hex').slice(0, 8)}`
  const files = preset?.files ?? [{ name: 'model.onnx', url: model }]
  const folder = networkFolder(modelsOf(defaultWorkspace()), id)
  const isHere = areHere(folder, files)
  if (!isHere) context.note(preset === undefined ? model : describe(preset))
  if (!isHere && !yes) {
    if (context.ask === undefined)
      throw new QuerentError('bad-usage', `downloading ${id} needs your word: repeat the command with --yes`, { expected: '--yes' })
    if (!/^y(es)?$/i.test((await context.ask('Download? [y/N] ')).trim())) throw new QuerentError('cancelled', 'nothing was downloaded')
  }
  const show = progressLine(context)
  try {
    return await fetchModel({
      folder,
      files,
      signal: context.signal,
      onProgress: ({ phase, received, total, bytesPerSecond, etaMs }) =>
        show({ phase, received, total: total ?? received, bytesPerSecond, etaMs }),
    })
  } finally {
    show(null)
  }
}

const describe = ({ title, source, licence, about, files }: ModelPreset): string =>
  [
    title,
    `  source   ${source}`,
    `  licence  ${licence}`,
    `  size     about ${sizeText(about)}`,
    `  from     ${hostsOf(files).join(', ')}`,
    '  checked  no checksum is published: the SHA-256 of the first download is kept and compared',
  ].join('\n')

async function sourceOf(context: CliContext, dataset: string): Promise<Omit<FeatureAssignment, 'from' | 'name'>> {
  const { id, sha256 } = await datasetInfo(dataset, context.cwd, libraryOf(defaultWorkspace()))
  return { dataset, datasetName: id, datasetSha256: sha256, baseDir: context.cwd }
}

async function made(context: CliContext, assignment: FeatureAssignment): Promise<CommandResult> {
  const show = rowsLine(context)
  try {
    const info: FeatureInfo = await inJob(context, (job) => job.features(assignment, show))
    const { name, dataset, rows, width, key } = info
    return { json: info, text: `${name}  ${rows} rows × ${width} of ${dataset}, key ${key.slice(0, 12)}` }
  } finally {
    show(null)
  }
}

/** One line that stays in its place on a terminal, nothing elsewhere; null ends it. */
function rowsLine({ stderr }: CliContext): (progress: FeatureProgress | null) => void {
  if (stderr.isTTY !== true) return () => undefined
  return (progress) => void stderr.write(progress === null ? '\r\x1b[K' : `\rrow ${progress.rows} of ${progress.total}\x1b[K`)
}
