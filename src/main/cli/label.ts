import { extname } from 'node:path'
import type { Command } from 'commander'
import { batchFormats, type BatchFormat, type LabellingSession } from '@contract/labelling'
import { QuerentError } from '@engine/core/errors'
import { connectJob, type JobHandle } from '../node/jobs/client'
import { forkJob } from '../node/jobs/fork'
import { createLabelling, viewOf } from '../node/labelling/labelling'
import { startSession } from '../node/labelling/start'
import { writeAtomic } from '../node/storage/files'
import { defaultWorkspace, libraryOf } from '../node/workspace/location'
import { integer, textTable, type CliContext, type CommandResult } from './io'
import { addStudyInput, createExperimentHost, readStudyInput, type StudyOptions } from './studyInput'

interface StartOptions extends StudyOptions {
  readonly out: string
  readonly strategy?: string
  readonly classes?: readonly string[]
}

export function register(program: Command, context: CliContext): void {
  const label = program.command('label').description('choose what people label next, on a pool without labels or with a few')
  const open = (): Promise<JobHandle> => connectJob(forkJob(context.jobEntry, defaultWorkspace()))
  const host = createExperimentHost(context)
  const labelling = createLabelling({ open, host, library: libraryOf(defaultWorkspace()) })

  addStudyInput(label.command('start').description('make a labelling session: model, training and one strategy of a study, no result yet'))
    .requiredOption('--out <dir>', 'folder of the session')
    .option('--strategy <name>', 'strategy of the study that chooses; needed when it has several')
    .option('--classes <names>', 'names of the classes, separated by commas, where the labels do not show them all', (text: string) =>
      text
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    )
    .action(
      context.action(async (words: string[], { out, strategy, classes = [], ...options }: StartOptions) => {
        const request = await readStudyInput(context, words, options)
        const folder = context.resolve(out)
        const session = viewOf(await startSession({ ...request, strategy, classes, folder }, host, open))
        return { json: { folder, ...session }, text: statusText(session) }
      }),
    )

  label
    .command('next')
    .description('train on the labels there are and choose the next rows; the batch is kept as CSV, JSON and .npy in the session')
    .argument('<dir>', 'folder of the session')
    .option('--k <n>', "rows to choose (default: the study's protocol.query, or protocol.initial while there is no label)", integer(1))
    .option('--out <file>', 'also write the batch here: .csv, .json or .npy')
    .action(
      context.action(async (dir: string, { k, out }: { readonly k?: number; readonly out?: string }) => {
        const format = out === undefined ? null : formatOf(out)
        const folder = context.resolve(dir)
        const session = await labelling.next(folder, {
          k,
          signal: context.signal,
          onProgress: ({ what }) => {
            if (context.stderr.isTTY === true) context.stderr.write(`\r${what}\x1b[K`)
          },
        })
        if (context.stderr.isTTY === true) context.stderr.write('\r\x1b[K')
        if (out !== undefined && format !== null) await writeAtomic(context.resolve(out), (await labelling.batchFile(folder, format)).bytes)
        const batch = session.asked[session.asked.length - 1]
        context.note(batchText(batch))
        const picks = batch.samples.map(({ row, score }, order) => ({ order, row, score }))
        const table = [['order', 'row', 'score'], ...picks.map(({ order, row, score }) => [order, row, score ?? ''])]
        return {
          json: { folder, batch: batch.number, method: batch.method, estimate: batch.estimate, rows: picks.map(({ row }) => row), picks },
          text: out === undefined ? table.map((cells) => cells.join(',')).join('\n') : out,
        }
      }),
    )

  label
    .command('batch')
    .description('write a batch again')
    .argument('<dir>', 'folder of the session')
    .requiredOption('--out <file>', '.csv, .json or .npy')
    .option('--number <n>', 'which batch (default: the last)', integer(1))
    .action(
      context.action(async (dir: string, { out, number }: { readonly out: string; readonly number?: number }) => {
        const { bytes } = await labelling.batchFile(context.resolve(dir), formatOf(out), number)
        await writeAtomic(context.resolve(out), bytes)
        return { json: { file: context.resolve(out) }, text: out }
      }),
    )

  label
    .command('import')
    .description('take in labels that came back: CSV with row and label, JSON, or .npy of row and class; all of a file or nothing')
    .argument('<dir>', 'folder of the session')
    .argument('<file>', 'labels')
    .option('--relabel', 'change rows that have another label already')
    .option('--add-classes', 'let new names become classes')
    .action(
      context.action(async (dir: string, file: string, options: { readonly relabel?: boolean; readonly addClasses?: boolean }) => {
        const { session, imported } = await labelling.importLabels(context.resolve(dir), context.resolve(file), {
          relabel: options.relabel ?? false,
          addClasses: options.addClasses ?? false,
        })
        const { added, relabelled, unchanged, blank, unasked, newClasses } = imported
        if (unasked.length > 0)
          context.note(
            `warning: ${unasked.length} of these rows were not asked for: ${unasked.slice(0, 10).join(', ')}${unasked.length > 10 ? ' …' : ''}`,
          )
        if (newClasses.length > 0) context.note(`new classes: ${newClasses.join(', ')}`)
        const parts = [`${added} new labels`, ...[[relabelled, 'changed'], [unchanged, 'there already'], [blank, 'without a label']].filter(([n]) => n !== 0).map(([n, what]) => `${n} ${what}`)] // prettier-ignore
        return { json: { ...imported, session }, text: `${parts.join(', ')}\n${statusText(session)}` }
      }),
    )

  label
    .command('undo')
    .description('take back the last import or batch; the history keeps it')
    .argument('<dir>', 'folder of the session')
    .action(
      context.action(async (dir: string) => {
        const folder = context.resolve(dir)
        const { undoes } = await labelling.get(folder)
        const session = await labelling.undo(folder)
        return { json: { undone: undoes, session }, text: `took back: ${undoes}\n${statusText(session)}` }
      }),
    )

  label
    .command('status')
    .description('labels, batches and accuracy so far')
    .argument('<dir>', 'folder of the session')
    .action(
      context.action(async (dir: string): Promise<CommandResult> => {
        const session = await labelling.get(context.resolve(dir))
        const batches = textTable(
          ['batch', 'rows', 'labelled', 'method', 'trained on', 'accuracy', 'measured on'],
          session.asked.map(({ number, samples, labelled, method, trained, estimate }) => [
            number,
            samples.length,
            labelled,
            method,
            trained,
            estimate === null ? null : Number(estimate.accuracy.toFixed(4)),
            estimate === null
              ? ''
              : `${estimate.rows} labelled ${estimate.of === 'validation rows' ? 'validation rows' : `rows of the ${estimate.of}`}`,
          ]),
        )
        const history = session.history.map(({ at, text, undone }) => `${at}  ${text}${undone ? ' (taken back)' : ''}`)
        return { json: session, text: [statusText(session), ...(session.batches > 0 ? [batches] : []), history.join('\n')].join('\n\n') }
      }),
    )

  label
    .command('export')
    .description('write all labels: CSV, JSON, or .npy with the class of every row and -1 where it is unknown')
    .argument('<dir>', 'folder of the session')
    .requiredOption('--out <file>', '.csv, .json or .npy')
    .action(
      context.action(async (dir: string, { out }: { readonly out: string }) => {
        const { bytes } = await labelling.labelsFile(context.resolve(dir), formatOf(out))
        await writeAtomic(context.resolve(out), bytes)
        return { json: { file: context.resolve(out) }, text: out }
      }),
    )
}

function formatOf(file: string): BatchFormat {
  const format = batchFormats.find((name) => extname(file).toLowerCase() === `.${name}`)
  if (format === undefined)
    throw new QuerentError('bad-usage', `${file}: the ending does not say which format`, {
      path: '--out',
      found: extname(file),
      expected: '.csv, .json or .npy',
    })
  return format
}

function batchText({ number, samples, method, trained, estimate }: LabellingSession['asked'][number]): string {
  const accuracy =
    estimate === null
      ? trained === 0
        ? 'no label yet, so nothing was trained'
        : 'no labelled rows were held out, so accuracy is not known'
      : `accuracy ${(100 * estimate.accuracy).toFixed(1)} % on ${estimate.rows} labelled ${estimate.of === 'validation rows' ? estimate.of : `rows of the ${estimate.of}`}`
  return `batch ${number}: ${samples.length} rows by ${method} after ${trained} labels; ${accuracy}`
}

const statusText = ({ dataset, strategy, rows, labelled, waiting, batches, classes, classCounts }: LabellingSession): string =>
  [
    `${dataset}: ${labelled} of ${rows} rows labelled, ${waiting} asked for and waiting, ${batches} batches by ${strategy.name}`,
    `classes: ${classes.map((name, i) => `${name} ${classCounts[i]}`).join(', ')}`,
  ].join('\n')
