import { z } from '@engine/core/zod'
import { animationFormats, indexFormats } from './types'
import { command, id, nothing } from './command'
import { downloadCommands, type DownloadState } from './downloads'
import { featureCommands, type ExtractionState } from './features'
import { modelImport, type ModelInfo } from './models'
import type { PaperTableView } from './paper'
import { storageCommands } from './storage'
import { batchFormats, type ImportedLabels, type LabellingProgress, type LabellingSession } from './labelling'
import { importCommands, importFiles, type ImportProgress } from './importing'
import { mapMethods, type MapFrame } from '@engine/maps/layout'
import type {
  AddedResults,
  AppInfo,
  DatasetFacts,
  DatasetInfo,
  DoctorReport,
  ExternalProgram,
  ExperimentSnapshot,
  ExperimentSummary,
  FigureResult,
  FileResult,
  KeptRound,
  LabelSet,
  Licence,
  MapState,
  NeighbourList,
  Notice,
  PaperTableInfo,
  PlanReport,
  ProjectSummary,
  QueueState,
  RecipeInfo,
  SampleSet,
  Settings,
  SplitInfo,
  WorkspaceState,
} from './types'

const name = z.string().trim().min(1, 'a name needs at least one character').max(120)
const hashes = z
  .array(z.string().regex(/^[0-9a-f]{8,64}$/))
  .max(100_000)
  .optional()
/** Reading longer ones would hold up every other client of the lab. */
const yaml = z.string().max(500_000, 'a study of at most 500,000 characters is needed')

const rows = z.array(z.number().int().min(0))
/** A data set of an experiment by its name there, or one of the library. */
const subject = z.union([z.strictObject({ experiment: id, dataset: z.string().min(1).max(400) }), z.strictObject({ library: id })])

/** array of a data set; the training array when left out */
const part = z.enum(['train', 'test'])

/** How rows of the training array are dealt out: counts, or fractions below 1. */
export const splitDraw = z.strictObject({
  validation: z.number().min(0),
  test: z.number().min(0),
  seed: z.int().min(0),
  stratified: z.boolean(),
})
export type SplitDraw = z.infer<typeof splitDraw>

export const mostPieceBytes = 8 * 2 ** 20

export const settingsPatch = z.strictObject({
  theme: z.enum(['system', 'light', 'dark']).optional(),
  jobs: z.union([z.literal('auto'), z.number().int().min(1).max(64)]).optional(),
  backend: z.enum(['auto', 'onnx-native', 'onnx-wasm', 'tfjs', 'reference']).optional(),
  roomLimitGb: z.number().min(0.1).max(1_000_000).nullable().optional(),
})

export const figureRequest = z.strictObject({
  /** id in the registry of figures */
  figure: id,
  metric: z.enum(['accuracy', 'nll', 'macro_f1', 'ece', 'brier']),
  band: z.enum(['t95', 'paired-difference', 'traces', 'none']),
  baseline: z.string().max(200),
  /** one of the study's data sets; all of them when left out */
  dataset: z.string().max(400).optional(),
  hidden: z.array(z.string().max(200)).max(200),
  /** level of each factor to show; a path left out is averaged over nothing: curves are split by it */
  facet: z.record(z.string(), z.string()),
  /** labels of figures at one budget; the largest that all strategies share when left out */
  budget: z.number().int().min(0).optional(),
  /** of a label and of an hour of computing; figures of cost show hours when left out */
  prices: z.strictObject({ label: z.number().min(0), hour: z.number().min(0) }).optional(),
  /** what panels are split by: path of a factor, `dataset`, or `none` for one plot; data sets and cells when left out */
  split: z.string().max(200).optional(),
  /** millimetres at print size */
  widthMm: z.number().min(30).max(400),
  /** what suits the figure when left out */
  heightMm: z.number().min(20).max(400).optional(),
  fontPt: z.number().min(4).max(24),
})
export type FigureRequest = z.infer<typeof figureRequest>
/** Experiments and tables (after `table-`) whose results join those of the experiment in figures. */
const added = { added: z.array(id).max(20).optional() }
const figureFormat = z.enum(['svg', 'png', 'pdf'])
/** Of PNG files, and whether SVG files have outlines instead of text. */
const figureLook = { dpi: z.union([z.literal(300), z.literal(600)]).optional(), outlines: z.boolean().optional() }

export const commands = {
  'app.info': command<AppInfo>()(nothing),
  /** Packages that ship with the app and what they allow. */
  'app.licences': command<Licence[]>()(nothing),
  'workspace.get': command<WorkspaceState>()(nothing),
  'project.create': command<ProjectSummary>()(
    z.strictObject({
      name: name.optional(),
      from: z.union([z.strictObject({ recipe: id }), z.strictObject({ yaml }), z.strictObject({ project: id })]),
    }),
  ),
  'project.open': command<ProjectSummary>()(z.strictObject({ project: id })),
  'project.rename': command<ProjectSummary>()(z.strictObject({ project: id, name })),
  'project.archive': command<ProjectSummary>()(z.strictObject({ project: id, archived: z.boolean() })),
  /** The project as one zip file. */
  'project.export': command<FileResult>()(z.strictObject({ project: id, results: z.boolean() })),
  /** Opens what the user brings: a study file, a project file or folder, or a result folder, which is only looked at. */
  'project.bring': command<{ project: ProjectSummary; experiment: string | null }>()(z.strictObject({ files: importFiles })),
  'project.remove': command<null>()(z.strictObject({ project: id })),
  'project.restore': command<ProjectSummary>()(z.strictObject({ project: id })),
  'study.get': command<{ yaml: string; revision: number }>()(z.strictObject({ project: id })),
  /** Refuses with `locked` when `revision` is not the stored one. */
  'study.save': command<{ revision: number }>()(z.strictObject({ project: id, yaml, revision: z.number().int() })),
  'study.plan': command<PlanReport>()(z.strictObject({ project: id, yaml })),
  'recipes.list': command<RecipeInfo[]>()(nothing),
  /** The study of a recipe. */
  'recipes.text': command<{ yaml: string }>()(z.strictObject({ recipe: id })),
  'datasets.list': command<DatasetInfo[]>()(nothing),
  /** Pre-trained backbones of the model library. */
  'models.list': command<ModelInfo[]>()(nothing),
  /** Brings a backbone into the model library; `known`: the same weights are there already, under the name that is told. */
  'models.import': command<{ model: ModelInfo; known: boolean }>()(modelImport),
  ...featureCommands,
  /** Adds a piece of a file to an upload (an id of the page's choice), from its end on. */
  'datasets.upload': command<{ received: number }>()(
    z.strictObject({
      upload: id,
      name: z.string().min(1).max(2000),
      offset: z.int().min(0),
      bytes: z.instanceof(Uint8Array).refine((bytes) => bytes.length <= mostPieceBytes, 'pieces of at most 8 MB'),
    }),
  ),
  ...importCommands,
  'datasets.remove': command<null>()(z.strictObject({ dataset: id })),
  'datasets.facts': command<DatasetFacts>()(z.strictObject({ dataset: id })),
  /** Deals out the rows of a data set, always the same for the same numbers; kept under `keep`, or only looked at. */
  'datasets.drawSplit': command<SplitInfo>()(z.strictObject({ dataset: id, draw: splitDraw, keep: id.nullable() })),
  /** Keeps the split of a file: JSON or YAML, or CSV with the columns row and part. */
  'datasets.bringSplit': command<null>()(
    z.strictObject({
      dataset: id,
      name: id,
      file: z.string().max(1000),
      text: z.string().max(40_000_000, 'a file of at most 40 million characters is needed'),
    }),
  ),
  'datasets.saveSplit': command<FileResult>()(z.strictObject({ dataset: id, name: id })),
  'datasets.removeSplit': command<null>()(z.strictObject({ dataset: id, name: id })),
  /** Undoes `datasets.remove`. */
  'datasets.restore': command<DatasetInfo>()(z.strictObject({ dataset: id })),
  ...downloadCommands,
  /** Sessions that choose what people label next, newest first; of one data set when it is named. */
  'labelling.list': command<LabellingSession[]>()(z.strictObject({ dataset: id.optional() })),
  /** Makes a session on a data set of the library, with model, training and one strategy of a study. */
  'labelling.start': command<LabellingSession>()(
    z.strictObject({ dataset: id, yaml, strategy: id.optional(), classes: z.array(z.string().trim().min(1).max(200)).max(10_000) }),
  ),
  'labelling.get': command<LabellingSession>()(z.strictObject({ session: id })),
  /** Trains and chooses the next rows; `task` names it for `labelling.stop`. */
  'labelling.next': command<LabellingSession>()(z.strictObject({ session: id, k: z.int().min(1).max(1_000_000).optional(), task: id })),
  'labelling.stop': command<null>()(z.strictObject({ task: id })),
  'labelling.import': command<{ session: LabellingSession; imported: ImportedLabels }>()(
    z.strictObject({ session: id, files: importFiles, relabel: z.boolean(), addClasses: z.boolean() }),
  ),
  /** Takes back the last batch or import; the history keeps it. */
  'labelling.undo': command<LabellingSession>()(z.strictObject({ session: id })),
  /** A batch by its number, or all labels, as a file. */
  'labelling.file': command<FileResult>()(
    z.strictObject({ session: id, what: z.union([z.int().min(1), z.literal('labels')]), format: z.enum(batchFormats) }),
  ),
  'labelling.remove': command<null>()(z.strictObject({ session: id })),
  'labelling.restore': command<LabellingSession>()(z.strictObject({ session: id })),
  /** Programs that the saved study of a project would start; `experiment.start` refuses those that are not confirmed. */
  'programs.list': command<ExternalProgram[]>()(z.strictObject({ project: id })),
  'programs.confirm': command<null>()(z.strictObject({ commands: z.array(z.array(z.string().min(1)).min(1).max(100)).max(100) })),
  'experiment.start': command<ExperimentSummary>()(z.strictObject({ project: id })),
  /** Continues an interrupted experiment from its folder. */
  'experiment.continue': command<ExperimentSummary>()(z.strictObject({ experiment: id })),
  'experiment.control': command<null>()(
    z.strictObject({ experiment: id, action: z.enum(['pause', 'resume', 'cancel', 'retry']), runs: hashes }),
  ),
  'experiment.list': command<ExperimentSummary[]>()(z.strictObject({ project: id })),
  'experiment.open': command<ExperimentSnapshot>()(z.strictObject({ experiment: id })),
  'experiment.remove': command<null>()(z.strictObject({ experiment: id })),
  'experiment.restore': command<ExperimentSummary>()(z.strictObject({ experiment: id })),
  /** Reads a table of results of any origin; it stays for `results.table` until the lab ends. `map` names columns: strategy → method. */
  'results.read': command<AddedResults>()(
    z.strictObject({
      name,
      text: z.string().max(40_000_000, 'a table of at most 40 million characters is needed'),
      map: z.record(z.string(), z.string()).optional(),
    }),
  ),
  'results.table': command<AddedResults>()(z.strictObject({ table: id })),
  'export.table': command<FileResult>()(
    z.strictObject({ experiment: id, table: z.enum(['rounds', 'selections', 'diagnostics', 'overlap', 'summary', 'pairwise', 'ledger']) }),
  ),
  /** Row numbers: what runs selected, the split of a data set, its initial sets; files that other studies read. */
  'export.indices': command<FileResult>()(
    z.strictObject({
      experiment: id,
      what: z.enum(['selections', 'split', 'initial']),
      format: z.enum(indexFormats),
      dataset: z.string().max(400).optional(),
      strategy: z.string().max(200).optional(),
      seed: z.int().min(0).optional(),
    }),
  ),
  'export.figure': command<FigureResult>()(
    z.strictObject({ experiment: id, request: figureRequest, format: figureFormat, ...figureLook, ...added }),
  ),
  'export.tables': command<PaperTableInfo[]>()(z.strictObject({ experiment: id })),
  /** Chosen tables as they are printed, in the paper's order. */
  'export.tableViews': command<PaperTableView[]>()(
    z.strictObject({ experiment: id, tables: z.array(id).max(200), baseline: z.string().max(200).optional() }),
  ),
  /** Chosen figures and tables in chosen formats, with captions and LaTeX to include them, as a zip. */
  'export.sheet': command<FileResult>()(
    z
      .strictObject({
        experiment: id,
        figures: z.array(figureRequest).max(50),
        formats: z.array(figureFormat).max(3),
        ...figureLook,
        ...added,
        tables: z.array(id).max(200),
        tableFormats: z.array(z.enum(['latex', 'markdown', 'csv'])).max(3),
        baseline: z.string().max(200).optional(),
      })
      .refine(({ figures, tables }) => figures.length + tables.length > 0, 'a sheet needs at least one figure or table'),
  ),
  /** Frames follow as `explore.frame`; a finished map is kept. */
  'explore.map': command<MapState>()(z.strictObject({ of: subject, method: z.enum(mapMethods) })),
  /** Stops a map that nobody looks at any more. */
  'explore.stop': command<null>()(z.strictObject({ map: id })),
  /** Scores and predictions of one round of a run, as far as the run kept them. */
  'explore.round': command<KeptRound>()(
    z.strictObject({ experiment: id, run: z.string().regex(/^[0-9a-f]{8,64}$/), round: z.number().int().min(0).max(100_000) }),
  ),
  /** A file of what one or two runs of a data set chose; `task` names it for `explore.stopAnimation`. */
  'explore.animate': command<FileResult>()(
    z.strictObject({
      task: id,
      experiment: id,
      dataset: z.string().min(1).max(400),
      method: z.enum(mapMethods),
      runs: z
        .array(z.strictObject({ run: z.string().regex(/^[0-9a-f]{8,64}$/), strategy: z.string().max(200) }))
        .min(1)
        .max(2),
      format: z.enum(animationFormats),
      widthPx: z.number().int().min(320).max(1920),
      /** of each round; videos have five pictures a second */
      roundMs: z.number().int().min(200).max(10_000).multipleOf(200),
    }),
  ),
  'explore.stopAnimation': command<null>()(z.strictObject({ task: id })),
  'explore.labels': command<LabelSet>()(z.strictObject({ of: subject, part: part.optional() })),
  /** `within`: images are made smaller than that many pixels a side, series thinned out to so many steps, rows cut after so many values. */
  'explore.samples': command<SampleSet>()(
    z.strictObject({ of: subject, rows: rows.max(1000), part: part.optional(), within: z.int().min(8).max(4096).optional() }),
  ),
  /** The rows of `among` that are nearest to a row in the standardised inputs. */
  'explore.neighbours': command<NeighbourList>()(
    z.strictObject({ of: subject, row: z.number().int().min(0), among: rows.max(200_000), k: z.number().int().min(1).max(100) }),
  ),
  /** For a paper: its tables with macros and BibTeX as a zip, the self-contained HTML report, or everything as a zip. */
  'export.paper': command<FileResult>()(
    z.strictObject({ experiment: id, part: z.enum(['tables', 'report', 'bundle']), baseline: z.string().max(200).optional() }),
  ),
  'settings.get': command<Settings>()(nothing),
  'settings.set': command<Settings>()(settingsPatch),
  ...storageCommands,
  'doctor.run': command<DoctorReport>()(nothing),
  'queue.get': command<QueueState>()(nothing),
  'notice.list': command<Notice[]>()(nothing),
  'notice.dismiss': command<null>()(z.strictObject({ notice: id })),
} as const

export type CommandName = keyof typeof commands
export type CommandInput<C extends CommandName> = z.input<(typeof commands)[C]['input']>
export type CommandOutput<C extends CommandName> =
  NonNullable<(typeof commands)[C]['output']> | Extract<(typeof commands)[C]['output'], null>

/** What a client sees of the lab, whichever carrier is between. Rejections are `QuerentError`s. */
export interface LabClient {
  call<C extends CommandName>(command: C, input: CommandInput<C>): Promise<CommandOutput<C>>
  on<E extends LabEventName>(event: E, listener: (payload: LabEvents[E]) => void): () => void
  /** 'connecting' until the first answer; 'lost' while it reconnects by itself */
  readonly connection: () => 'connecting' | 'open' | 'lost'
}

/** Pushed by the lab at most every 100 ms; `epoch` events are coalesced to the latest per run. */
export interface LabEvents {
  /** `batch` counts from 1 without gaps per experiment; on a gap the client opens the experiment again. */
  'experiment.events': {
    experiment: string
    batch: number
    events: readonly (readonly [run: string, event: import('@engine/study/events').RunEvent])[]
  }
  'experiment.changed': ExperimentSummary
  'queue.changed': QueueState
  'workspace.changed': WorkspaceState
  'notice.added': Notice
  'downloads.changed': DownloadState
  'features.changed': ExtractionState
  'datasets.progress': ImportProgress & { readonly task: string }
  /** 0 … 1 */
  'datasets.saving': { task: string; progress: number }
  'labelling.progress': LabellingProgress & { session: string; task: string }
  /** a session that is new, back, or after a choice, an import or an undo, also after one that was stopped or failed */
  'labelling.changed': LabellingSession
  'labelling.removed': { session: string }
  'explore.frame': { map: string; frame: MapFrame | null; error: string | null }
  /** 0 … 1 */
  'explore.animation': { task: string; progress: number }
  'connection.changed': 'connecting' | 'open' | 'lost'
}
export type LabEventName = keyof LabEvents
export const labEventNames: readonly LabEventName[] = [
  'experiment.events',
  'experiment.changed',
  'queue.changed',
  'workspace.changed',
  'notice.added',
  'downloads.changed',
  'features.changed',
  'datasets.progress',
  'datasets.saving',
  'labelling.progress',
  'labelling.changed',
  'labelling.removed',
  'explore.frame',
  'explore.animation',
  'connection.changed',
]
