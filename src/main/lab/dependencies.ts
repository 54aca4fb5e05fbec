import type { CommandInput, FigureRequest } from '@contract/commands'
import type { PaperTableView } from '@contract/paper'
import type {
  AppInfo,
  DatasetInfo,
  DoctorReport,
  FigureResult,
  IndexRequest,
  Licence,
  PaperTableInfo,
  PlanReport,
  RecipeInfo,
} from '@contract/types'
import type { ModelImport, ModelInfo } from '@contract/models'
import type { MapFrame } from '@engine/maps/layout'
import type { ResultSet } from '@engine/study/results'
import type { RunState } from '@engine/study/events'
import type { PlannedRun } from '@engine/study/spec'
import type { Experiment, ExperimentRequest, Manifest } from './experiment'
import type { Clock, DatasetSource, Viewer, ImportingJob } from './ports'
import type { ArrivalFiles } from './arrivals'
import type { LabellingSessions } from './labelling'
import type { SetDownloads } from './downloads'
import type { FeatureNetworks } from './extractions'
import type { StorageFiles } from './storage'
import type { WorkspaceStore } from './workspacePort'

/** A result folder or a running experiment as the lab reads it. */
export interface ResultView {
  readonly manifest: Manifest
  readonly plan: readonly PlannedRun[]
  readonly studyText: string
  state(hash: string): RunState
}

/** What figures draw: an experiment, or several joined. */
export interface DrawnResults {
  readonly results: ResultSet
  readonly strategies: readonly { readonly name: string; readonly id: string }[]
}

/** How the file of a figure is made. */
export type FigureLook = Pick<CommandInput<'export.figure'>, 'format' | 'dpi' | 'outlines'>

/** Everything the lab needs of the world; entries choose the implementations. */
export interface LabDependencies {
  readonly info: Omit<AppInfo, 'workspace' | 'backend'>
  readonly store: WorkspaceStore
  readonly clock: Clock
  newId(): string
  readonly experiments: {
    start(request: ExperimentRequest): Promise<Experiment>
    /** Rejects with `not-found` or `bad-input` when the folder is no result folder. */
    open(folder: string): Promise<ResultView>
  }
  readonly backends: {
    /** the backend that a study with this setting would use, and how many jobs at once */
    describe(): Promise<AppInfo['backend']>
    doctor(): Promise<DoctorReport>
  }
  readonly datasets: {
    list(): Promise<DatasetInfo[]>
    /** Starts a process that imports or writes a file. */
    open(): Promise<ImportingJob>
    /** Adds bytes at the end of a file of an upload; resolves to its size. */
    receive(upload: string, name: string, offset: number, bytes: Uint8Array): Promise<number>
    /** Absolute paths of an upload's files. */
    uploaded(upload: string): Promise<readonly string[]>
    forget(upload: string): Promise<void>
    /** A place for a file that a window will take, and the name that it is asked for by. */
    newFile(name: string): Promise<{ readonly saved: string; readonly path: string }>
    drop(saved: string): Promise<void>
    remove(id: string): Promise<void>
    restore(id: string): Promise<DatasetInfo>
    /** Keeps the split that a file of this name holds. */
    addSplit(id: string, name: string, text: string, file: string): Promise<void>
    /** A kept split as a file. */
    readSplit(id: string, name: string): Promise<Uint8Array>
    removeSplit(id: string, name: string): Promise<void>
  }
  readonly models: {
    list(): Promise<ModelInfo[]>
    /** Reads a backbone from files on the disk and puts it into the library. */
    bring(paths: readonly string[], about: Omit<ModelImport, 'files'>): Promise<{ model: ModelInfo; known: boolean }>
  }
  readonly features: FeatureNetworks
  readonly downloads: SetDownloads
  readonly labelling: LabellingSessions
  readonly arrivals: ArrivalFiles
  readonly storage: StorageFiles
  licences(): Promise<Licence[]>
  readonly recipes: { list(): Promise<RecipeInfo[]>; text(id: string): Promise<string> }
  readonly study: {
    /** Never rejects for a bad study: findings say what is wrong. */
    plan(text: string, path: string, computed: ReadonlySet<string>): Promise<PlanReport>
    /** data set and strategy names for lists; empty when the study cannot be read */
    describe(text: string): {
      readonly name: string
      readonly dataset: string
      readonly strategies: readonly { readonly name: string; readonly id: string }[]
    }
  }
  readonly exporting: {
    table(results: ResultSet, table: 'rounds' | 'selections' | 'diagnostics' | 'overlap' | 'summary' | 'pairwise' | 'ledger'): string
    /** `folder` is that of the results */
    indices(view: ResultView, folder: string, request: IndexRequest): { readonly name: string; readonly bytes: Uint8Array }
    figure(drawn: DrawnResults, request: FigureRequest, look: FigureLook): Promise<Omit<FigureResult, 'name' | 'mime'>>
    tables(view: ResultView): PaperTableInfo[]
    tableViews(view: ResultView, tables: readonly string[], baseline?: string): PaperTableView[]
    /** a zip archive */
    sheet(view: ResultView, drawn: DrawnResults, sheet: Omit<CommandInput<'export.sheet'>, 'experiment' | 'added'>): Promise<Uint8Array>
    results(view: ResultView): ResultSet
    paper(view: ResultView, part: 'tables' | 'report' | 'bundle', baseline?: string): Promise<Uint8Array>
  }
  readonly viewing: {
    /** Starts a process that answers questions about data sets. */
    open(): Promise<Viewer>
    /** Rejects with `not-found` when the library has no such set. */
    librarySource(id: string): Promise<{ readonly source: DatasetSource; readonly rows: number }>
    /** folder that the relative paths of an experiment start from */
    baseDir(resultFolder: string, base: string): string
    /** An array that a run kept, by its name without ending; null when it is not there. */
    keptArray(
      resultFolder: string,
      run: string,
      name: string,
    ): Promise<{ readonly data: ArrayLike<number>; readonly shape: readonly number[] } | null>
    /** A finished map of an earlier session; null when there is none of so many rows. */
    keptMap(key: string, rows: number): Promise<MapFrame | null>
    keepMap(key: string, frame: MapFrame): Promise<void>
  }
  /** told when work starts and when it ends */
  onBusy(busy: boolean): void
  /** told what happened, for a user who looks elsewhere */
  onNotice?(notice: { readonly title: string; readonly message: string }): void
}
