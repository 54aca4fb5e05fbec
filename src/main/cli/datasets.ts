import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { Option, type Command } from 'commander'
import { columnRoles, importMapping, type ImportMapping, type ImportProgress } from '@contract/importing'
import { decodeError } from '@contract/errorCodec'
import { QuerentError } from '@engine/core/errors'
import {
  datasetFeatureNames,
  addSplit,
  datasetInfo,
  exportDataset,
  listDatasets,
  loadDataset,
  readSplit,
  removeDataset,
  restoreDataset,
  splitsOf,
} from '../node/datasets'
import { withFile } from '../node/errors'
import { writeAtomic } from '../node/storage/files'
import { defaultWorkspace, libraryOf } from '../node/workspace/location'
import { factsOf, type SetFacts } from '../node/download/sets'
import { publicSets } from '../node/download/publicSets'
import { downloadDataset, sizeText, type DownloadOptions } from './downloadDataset'
import { inJob } from './jobs'
import { integer, textTable, type CliContext } from './io'

interface ImportOptions extends Omit<ImportMapping, 'columns' | 'header' | 'channels' | 'split' | 'label'> {
  readonly label?: string | false
  readonly column?: readonly string[]
  readonly channels?: number
  readonly split?: string | false
  readonly header?: boolean
  readonly preview?: boolean
  readonly asSplitOf?: string
}

interface ExportOptions {
  readonly out?: string
  readonly split?: string
}

export function register(program: Command, context: CliContext): void {
  const datasets = program
    .command('datasets')
    .description('the data sets that studies can name')
    .option('--workspace <dir>', 'workspace whose data sets are meant; by default that of the desktop app, or QUERENT_WORKSPACE')
  const workspace = (): string => {
    const { workspace: given } = datasets.opts<{ readonly workspace?: string }>()
    return given === undefined ? defaultWorkspace() : context.resolve(given)
  }
  const library = (): string => libraryOf(workspace())

  datasets
    .command('list')
    .description('every data set of the library, and those that can be downloaded')
    .action(
      context.action(async () => {
        const list = await listDatasets(library())
        const text = textTable(
          ['id', 'kind', 'rows', 'test', 'classes', 'bytes', 'licence', ''],
          list.map(({ id, kind, rows, testRows, classes, bytes, licence, available, imported }) => [
            id,
            kind,
            rows,
            testRows,
            classes,
            bytes,
            licence,
            available ? (imported ? 'imported' : '') : 'not on this machine',
          ]),
        )
        const downloads = publicSets()
          .map(factsOf)
          .filter(({ id }) => !list.some((set) => set.id === id && set.available))
        return { json: { datasets: list, downloads }, text: `${text}\n\n${downloadTable(downloads)}` }
      }),
    )

  datasets
    .command('info')
    .description('one data set: a library id, or a file')
    .argument('<id>')
    .action(
      context.action(async (id: string) => {
        const info = await datasetInfo(id, context.cwd, library())
        const splits = await splitsOf(library(), info)
        const text = textTable(
          ['field', 'value'],
          Object.entries({ ...info, shape: info.shape.join('×'), ...(splits.length > 0 ? { splits: splits.join(', ') } : {}) }).map(
            ([field, value]) => [field, String(value)],
          ),
        )
        return { json: { ...info, splits }, text }
      }),
    )

  addMapping(
    datasets
      .command('import')
      .description(
        'bring your own data: arrays (.npy, .npz, .safetensors, IDX, MATLAB), tables (CSV, JSONL, Parquet, Arrow, ARFF, LIBSVM), folders of pictures, zip and tar of these',
      )
      .argument('<paths...>', 'files or folders that make one data set')
      .option('--preview', 'show what the import would make and write nothing')
      .option('--as-split-of <id>', 'keep a file of train, validation and test rows with an imported data set'),
  ).action(
    context.action(async (paths: string[], options: ImportOptions) => {
      const full = paths.map((path) => context.resolve(path))
      if (options.asSplitOf !== undefined) return importSplit(full, options.asSplitOf)
      const mapping = mappingOf(options)
      if (options.preview) {
        const preview = await withFlags(inJob(context, (job) => job.preview({ paths: full, mapping }), workspace()))
        if (preview.refusal !== null) throw flagged(decodeError(preview.refusal))
        const shown = preview.rows.map(({ split, label, values, text }) => [
          split,
          label,
          text ||
            values
              .slice(0, 8)
              .map((value) => Number(value.toPrecision(4)))
              .join(' '),
        ])
        const found =
          preview.form === 'arrays'
            ? preview.arrays.map(({ name, shape, role }) => [name, shape.join('×'), role])
            : preview.columns.map(({ name, role, note }) => [name, role, note])
        const text = [
          `${preview.title}: ${preview.kind}, one sample ${preview.shape.join('×')}${preview.total === null ? '' : `, ${preview.total} rows`}`,
          textTable(preview.form === 'arrays' ? ['array', 'shape', 'role'] : ['column', 'role', 'note'], found),
          textTable(['split', 'label', 'first values'], shown),
          ...preview.problems,
        ].join('\n\n')
        return { json: preview, text }
      }
      const result = await withFlags(inJob(context, (job) => job.import({ paths: full, mapping }, progressNote()), workspace()))
      const { dataset, known, notes } = result
      for (const note of notes) context.note(note)
      const { id, rows, testRows, classes, shape } = dataset
      const text = `${known ? 'in the library already: ' : ''}${id}  ${rows} rows, ${testRows} test rows, ${classes} classes, ${shape.join('×')} values each`
      return { json: result, text }
    }),
  )

  datasets
    .command('export')
    .description('write a data set as .npz or .csv, or one of its splits as .json')
    .argument('<id>')
    .option('--out <file>', 'file to write; its ending chooses .npz or .csv')
    .option('--split <name>', 'write this split instead of the data')
    .action(
      context.action(async (id: string, { out, split }: ExportOptions) => {
        const file = context.resolve(out ?? (split === undefined ? `${id}.npz` : `${id}-${split}.json`))
        if (split !== undefined) await writeAtomic(file, await readSplit(library(), await datasetInfo(id, context.cwd, library()), split))
        else {
          const dataset = await loadDataset(id, context.cwd, library())
          await exportDataset(dataset, file, await datasetFeatureNames(id, library()))
        }
        return { json: { id, file }, text: file }
      }),
    )

  datasets
    .command('download')
    .description('bring a public data set into the library: licence and size are shown first; a stopped download goes on')
    .argument('<id>')
    .option('--yes', 'download without asking')
    .option('--mirror <url>', 'address of a folder with the same files, asked instead of the published addresses')
    .action(
      context.action((id: string, options: DownloadOptions) =>
        downloadDataset(id, options, {
          context,
          library: library(),
          importing: (assignment) => inJob(context, (job) => job.import(assignment, progressNote()), workspace()),
        }),
      ),
    )

  datasets
    .command('remove')
    .description('take an imported data set out of the library; `restore` brings it back for 30 days')
    .argument('<id>')
    .action(
      context.action(async (id: string) => {
        const { sha256 } = await removeDataset(library(), id)
        return { json: { id, sha256, removed: true }, text: `removed ${id}; querent datasets restore ${id} brings it back` }
      }),
    )

  datasets
    .command('restore')
    .description('bring a removed data set back')
    .argument('<id>')
    .action(
      context.action(async (id: string) => {
        const { sha256 } = await restoreDataset(library(), id)
        return { json: { id, sha256, restored: true }, text: `restored ${id}` }
      }),
    )

  async function importSplit([file, ...more]: readonly string[], id: string): Promise<{ json: unknown; text: string }> {
    if (more.length > 0) throw new QuerentError('bad-usage', 'one split file at a time', { found: `${more.length + 1} files` })
    const name = basename(file).replace(/\.json$/i, '')
    const text = await withFile(file, () => readFile(file, 'utf8'))
    await addSplit(library(), await datasetInfo(id, context.cwd, library()), name, text, file)
    return { json: { id, split: name }, text: `${id} keeps the split ${name}` }
  }

  /** One line of progress that stays in its place on a terminal; nothing elsewhere. */
  function progressNote(): (progress: ImportProgress) => void {
    if (context.stderr.isTTY !== true) return () => undefined
    return ({ phase, rows, total }) =>
      void context.stderr.write(`\r${phase} ${rows}${total === null ? '' : ` of ${total}`} rows\x1b[K${phase === 'storing' ? '\n' : ''}`)
  }
}

const downloadTable = (sets: readonly SetFacts[]): string =>
  textTable(
    ['to download', 'kind', 'rows', 'test', 'classes', 'size', 'licence'],
    sets.map(({ id, kind, rows, testRows, classes, bytes, isExact, licence }) => [
      id,
      kind,
      rows,
      testRows,
      classes,
      `${isExact ? '' : '≈ '}${sizeText(bytes)}`,
      licence,
    ]),
  )

const addMapping = (command: Command): Command =>
  command
    .option('--id <id>', 'id in the library; by default from the file name')
    .option('--title <text>')
    .option('--source <text>', 'where the data comes from')
    .option('--licence <text>')
    .addOption(new Option('--kind <kind>', 'what a sample is').choices(['image', 'vector', 'tabular', 'text', 'series']))
    .option('--inputs <name>', 'array of the inputs, e.g. data.npz#x')
    .option('--labels <name>', 'array of the labels')
    .option('--test-inputs <name>', 'array of the test inputs')
    .option('--test-labels <name>', 'array of the test labels')
    .option('--per-class <rows>', 'no array holds the labels: the classes follow one another with so many rows each', integer(1))
    .option('--label <column>', 'column of the labels')
    .option('--no-label', 'no column holds labels; with --unlabelled')
    .option('--unlabelled', 'training rows may lack a label: none at all, or an empty, NaN or -1 one')
    .option('--classes <names>', 'names of the classes, separated by commas, where the labels do not show them all', (text: string) =>
      text.split(','),
    )
    .option('--split <column>', 'column that says train, test or validation')
    .option('--no-split', 'no column does')
    .option('--column <name=role...>', `role of a column: ${columnRoles.join(' · ')}`)
    .option('--width <pixels>', 'width of pictures; flat rows of an array become pictures', integer(1))
    .option('--height <pixels>', 'height of pictures', integer(1))
    .option('--channels <n>', 'channels of pictures: 1 or 3', integer(1))
    .option('--features <n>', 'hashed features of a text', integer(16))
    .option('--length <steps>', 'steps of a series', integer(1))
    .addOption(new Option('--encoding <name>', 'of text files').choices(['utf-8', 'utf-16le', 'latin1']))
    .option('--header', 'the first line of a table names its columns')
    .option('--no-header', 'it does not')

/** What the fields of a mapping are called here, where an error is about one. */
const flags: Readonly<Record<string, string>> = {
  inputs: '--inputs NAME',
  labels: '--labels NAME, or --unlabelled --classes a,b',
  testInputs: '--test-inputs NAME',
  testLabels: '--test-labels NAME',
}

function flagged(error: unknown): unknown {
  if (!(error instanceof QuerentError)) return error
  const { path = '', expected } = error.details
  if (!Object.hasOwn(flags, path) || expected === undefined) return error
  return new QuerentError(error.code, error.message, { ...error.details, expected: `${expected} (${flags[path]})` })
}

const withFlags = <T>(work: Promise<T>): Promise<T> =>
  work.catch((error: unknown) => {
    throw flagged(error)
  })

function mappingOf({ preview: _preview, asSplitOf: _asSplitOf, column, split, label, ...options }: ImportOptions): ImportMapping {
  const columns = column?.map((pair) => [pair.slice(0, pair.lastIndexOf('=')), pair.slice(pair.lastIndexOf('=') + 1)])
  const { json: _json, ...fields } = options as typeof options & { json?: boolean }
  const parsed = importMapping.safeParse({
    ...fields,
    ...(columns === undefined ? {} : { columns: Object.fromEntries(columns) as Record<string, string> }),
    ...(label === undefined || (label as unknown) === true ? {} : { label: label === false ? null : label }),
    ...(split === undefined || (split as unknown) === true ? {} : { split: split === false ? null : split }),
  })
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new QuerentError('bad-usage', `--${issue.path.join('.')}: ${issue.message}`, { path: issue.path.join('.') })
}
