import type { AskedSample, Estimate } from '@engine/labelling/history'

export { batchFormats, type BatchFormat } from '@engine/labelling/batchFile'

/** A labelling session in lists. */
export interface LabellingSummary {
  readonly id: string
  readonly name: string
  /** library id, or the base name of a file */
  readonly dataset: string
  readonly strategy: { readonly id: string; readonly name: string }
  readonly createdAt: string
  /** of the training array */
  readonly rows: number
  readonly labelled: number
  /** asked for, without a label yet */
  readonly waiting: number
  readonly batches: number
}

/** A labelling session as it is now. */
export interface LabellingSession extends LabellingSummary {
  readonly classes: readonly string[]
  /** labelled rows of each class */
  readonly classCounts: readonly number[]
  /** rows of the next batch, unless somebody says otherwise */
  readonly usualK: number
  /** batches that hold, oldest first */
  readonly asked: readonly {
    readonly number: number
    readonly at: string
    /** id of the method that chose */
    readonly method: string
    /** labels the model was trained on, and labels kept back for validation */
    readonly trained: number
    readonly validation: number
    readonly estimate: Estimate | null
    /** rows with a label by now */
    readonly labelled: number
    readonly samples: readonly AskedSample[]
  }[]
  readonly history: readonly {
    readonly at: string
    readonly what: 'batch' | 'import' | 'undo'
    readonly text: string
    readonly undone: boolean
  }[]
  /** what `undo` would take back; null when there is nothing */
  readonly undoes: string | null
}

/** How far the choice of a batch is. */
export interface LabellingProgress {
  /** e.g. `training, epoch 3 of 30` */
  readonly what: string
  /** of this step, 0 … 1 */
  readonly fraction: number
}

/** What an import of labels changed. */
export interface ImportedLabels {
  readonly added: number
  readonly relabelled: number
  /** had this label already */
  readonly unchanged: number
  /** rows of the file without a label */
  readonly blank: number
  /** rows of no batch; their labels count like the others */
  readonly unasked: readonly number[]
  readonly newClasses: readonly string[]
}
