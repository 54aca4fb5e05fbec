import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { InvalidArgumentError, Option, type Command } from 'commander'
import { badInput, throwIfCancelled } from '@engine/core/errors'
import { animationFormats, type AnimationFormat } from '@contract/types'
import { mapMethods, type MapMethod } from '@engine/maps/layout'
import { venues } from '@figures/venues'
import type { FigureFormat } from '../exporting/figure'
import { paperOf, tableFiles } from '../exporting/paper'
import { bundleFiles, figureFiles, inFolder, zip, type Files } from '../exporting/paperFiles'
import { reportHtml } from '../exporting/reportHtml'
import { openResults } from '../lab/results'
import { notWritable, systemCode, toQuerentError } from '../node/errors'
import { resourcePath } from '../node/resources'
import { makeFolder, writeAtomic } from '../node/storage/files'
import { fileStore } from '../node/storage/resultFolder'
import { animations } from './animation'
import type { CliContext, CommandResult } from './io'

interface Options {
  readonly figures?: readonly FigureFormat[]
  readonly latex?: boolean
  readonly html?: boolean
  readonly baseline?: string
  readonly venue: string
  readonly bundle?: string
  readonly animation?: readonly AnimationFormat[]
  readonly map: MapMethod
  readonly strategies?: readonly string[]
}

export function register(program: Command, context: CliContext): void {
  program
    .command('report')
    .description('figures, tables and a self-contained HTML page of a result folder, for a paper (default: all of them)')
    .argument('<dir>', 'result folder')
    .option('--figures <formats>', 'only these: svg, png, pdf, separated by commas', parseFormats(formats))
    .option('--latex', 'tables as LaTeX, a macro per number, BibTeX')
    .option('--html', 'one HTML page with interactive figures')
    .option('--baseline <name>', 'strategy that the others are compared with (default: of the study)')
    .addOption(new Option('--venue <id>', 'width of the figures').choices(venues.map(({ id }) => id)).default('neurips'))
    .option('--bundle <path>', 'also everything for a paper and its artefact in this new folder or .zip file')
    .option('--animation <formats>', 'the selection, round by round: gif, mp4, svg (one file per round)', parseFormats(animationFormats))
    .addOption(new Option('--map <method>', 'map of the animation').choices(mapMethods).default('pca'))
    .option('--strategies <names>', 'one or two of the animation (default: the first two beside the baseline)', names)
    .action(context.action((dir: string, options: Options) => report(context, context.resolve(dir), options)))
}

const formats: readonly FigureFormat[] = ['svg', 'png', 'pdf']

const names = (text: string): string[] => text.split(',').map((name) => name.trim())

const parseFormats =
  <F extends string>(known: readonly F[]) =>
  (text: string): F[] =>
    names(text).map((name) => {
      const format = known.find((one) => one === name)
      if (format === undefined) throw new InvalidArgumentError(`"${name}" is none of ${known.join(', ')}.`)
      return format
    })

async function report(context: CliContext, dir: string, options: Options): Promise<CommandResult> {
  const { baseline, venue } = options
  const bundle = options.bundle === undefined ? null : context.resolve(options.bundle)
  if (bundle !== null) await refuseOthers(bundle)
  const view = await openResults(fileStore, dir)
  const paper = paperOf(view, baseline)
  const { results, finished, failed } = paper
  const total = results.runs.length
  if (results.runs.every(({ records }) => records.length === 0))
    throw badInput('no run has been evaluated yet, so there is nothing to report', { file: dir })
  if (finished < total) context.note(`partial: ${finished} of ${total} runs have finished${failed > 0 ? `, ${failed} failed` : ''}`)

  const isAll = options.figures === undefined && options.animation === undefined && !options.latex && !options.html
  const page = { widthMm: venues.find(({ id }) => id === venue)!.widthMm, fontPt: 9, fontsDir: resourcePath('fonts') }
  const figures = options.figures ?? (isAll ? (['svg', 'pdf'] as const) : [])
  const drawn = figures.length === 0 ? null : await figureFiles(paper, figures, page)
  for (const { figure, reason } of drawn?.left ?? []) context.note(`no ${figure}: ${reason}`)
  throwIfCancelled(context.signal)
  const tables = tableFiles(paper, ['csv', 'markdown', ...(options.latex || isAll ? (['latex'] as const) : [])])
  const html = options.html || isAll ? await reportHtml(paper) : null
  const moving =
    options.animation === undefined
      ? {}
      : await animations(view, dir, { ...options, formats: options.animation, widthMm: page.widthMm }, context.signal)
  const files: Files = {
    ...inFolder('figures', { ...drawn?.files, ...moving }),
    ...inFolder('tables', tables),
    ...(html === null ? {} : { 'report.html': html }),
  }
  const bundled = bundle === null ? null : await bundleFiles(paper, page)
  throwIfCancelled(context.signal)
  await writeFiles(dir, files)
  if (bundle !== null && bundled !== null) {
    if (isZip(bundle)) await writeFiles(dirname(bundle), { [basename(bundle)]: zip(bundled) })
    else await writeFiles(bundle, bundled)
  }
  const written = Object.keys(files)
  const json = {
    out: dir,
    runs: total,
    finished,
    failed,
    baseline: results.stats.baseline,
    figures: written.filter((name) => name.startsWith('figures/')),
    tables: written.filter((name) => name.startsWith('tables/')),
    html: html === null ? null : 'report.html',
    bundle,
    notDrawn: drawn?.left ?? [],
    statistics: paper.sentence,
    findings: paper.findings,
  }
  const text = [
    ...(paper.sentence === '' ? [] : [paper.sentence, '']),
    ...(drawn === null ? [] : [`figures  ${join(dir, 'figures')} (${drawn.drawn.length} × ${figures.join(', ')})`]),
    ...(options.animation === undefined ? [] : [`animation  ${join(dir, 'figures')} (${options.animation.join(', ')})`]),
    `tables   ${join(dir, 'tables')}`,
    ...(html === null ? [] : [`report   ${join(dir, 'report.html')}`]),
    ...(bundle === null ? [] : [`bundle   ${bundle}`]),
  ]
  return { json, text: text.join('\n') }
}

const isZip = (path: string): boolean => path.toLowerCase().endsWith('.zip')

const bundleNames = new Set(['figures', 'tables', 'data', 'report.html', 'manifest.json', 'study.yaml', 'README.txt'])

/** A folder for a bundle must be new, empty, or hold an earlier bundle. */
async function refuseOthers(bundle: string): Promise<void> {
  if (isZip(bundle)) return
  const names = await readdir(bundle).catch((error: unknown): string[] => {
    if (systemCode(error) === 'ENOENT') return []
    throw toQuerentError(error, bundle)
  })
  const isEarlier = names.includes('README.txt')
  const other = names.find((name) => !isEarlier || !bundleNames.has(name))
  if (other !== undefined)
    throw badInput('this folder is not empty', { file: bundle, found: other, expected: 'a new or empty folder, or a .zip file' })
}

async function writeFiles(dir: string, files: Files): Promise<void> {
  for (const folder of new Set(Object.keys(files).map((name) => dirname(join(dir, name)))))
    await makeFolder(folder).catch((error: unknown) => {
      throw notWritable('report', folder, error)
    })
  for (const [name, content] of Object.entries(files)) await writeAtomic(join(dir, name), content)
}
