import { z } from '@engine/core/zod'
import type { DatasetKind } from '@engine/data/dataset'
import { command, id } from './command'
import type { WireError } from './errorCodec'
import type { DatasetInfo } from './types'

export const columnRoles = ['number', 'category', 'text', 'image', 'list', 'skip'] as const
export type ColumnRole = (typeof columnRoles)[number]

export const arrayRoles = ['inputs', 'labels', 'testInputs', 'testLabels', 'validationInputs', 'validationLabels'] as const
export type ArrayRole = (typeof arrayRoles)[number]

const name = z.string().max(1000)

/** Files of an import: on the host's disk, or sent by the page. */
export const importFiles = z.union([
  z.strictObject({ paths: z.array(z.string().min(1).max(4096)).min(1).max(10_000) }),
  z.strictObject({ upload: id }),
])

export const datasetId = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,79}$/, 'an id of small letters, digits, - and _')

/** What is what in the files of an import; everything left out is found by looking. */
export const importMapping = z.strictObject({
  /** library id; by default from the file's name */
  id: datasetId.optional(),
  title: z.string().trim().min(1).max(200).optional(),
  source: z.string().trim().max(2000).optional(),
  licence: z.string().trim().max(200).optional(),
  kind: z.enum(['image', 'vector', 'tabular', 'text', 'series']).optional(),
  /** arrays by name */
  inputs: name.optional(),
  labels: name.optional(),
  testInputs: name.optional(),
  testLabels: name.optional(),
  validationInputs: name.optional(),
  validationLabels: name.optional(),
  /** columns by name; null: there is none */
  label: name.nullable().optional(),
  split: name.nullable().optional(),
  columns: z.record(name, z.enum(columnRoles)).optional(),
  /** no array holds the labels: the classes follow one another with this many rows each */
  perClass: z.int().min(1).optional(),
  /** size of images in pixels; by default that of the first, at most 224. Flat rows of an array become pictures of this size. */
  width: z.int().min(1).max(1024).optional(),
  height: z.int().min(1).max(1024).optional(),
  /** 1 grey, 3 colour; by default colour when the first image has any */
  channels: z.union([z.literal(1), z.literal(3)]).optional(),
  /** hashed features of a text */
  features: z.int().min(16).max(65_536).optional(),
  /** steps of a series; shorter ones are padded with zeros, longer ones cut. By default the longest. */
  length: z.int().min(1).max(1_000_000).optional(),
  /** text files */
  encoding: z.enum(['utf-8', 'utf-16le', 'latin1']).optional(),
  header: z.boolean().optional(),
  /** false: quotation marks in tables are letters like others */
  quotes: z.boolean().optional(),
  /**
   * only these files or folders of an archive, by the end of their path, and the names to read them under; folders end in /, and a *
   * stands for any part of a file's name
   */
  take: z.record(name, name).optional(),
  /** better names for the classes that are found */
  rename: z.record(name, name).optional(),
  /** training rows may lack a label: none at all, or an empty, NaN or −1 one */
  unlabelled: z.boolean().optional(),
  /** names of the classes in their order, where the labels do not show them all */
  classes: z.array(z.string().trim().min(1).max(200)).min(2).max(10_000).optional(),
})
export type ImportMapping = z.infer<typeof importMapping>

/** What an import will make, seen on its first rows. */
export interface ImportPreview {
  readonly importer: string
  readonly title: string
  readonly form: 'arrays' | 'table'
  readonly arrays: readonly {
    readonly name: string
    readonly shape: readonly number[]
    readonly type: string
    readonly role: ArrayRole | ''
  }[]
  readonly columns: readonly {
    readonly name: string
    readonly kind: string
    readonly role: ColumnRole | 'label' | 'split'
    readonly note: string
  }[]
  /** the mapping with everything that was found by looking */
  readonly mapping: ImportMapping
  readonly kind: DatasetKind
  /** shape of one sample */
  readonly shape: readonly number[]
  /** names of the values of a row, where they have some */
  readonly valueNames: readonly string[]
  /** the first rows as the engine will see them: at most `previewValues` values of each */
  readonly rows: readonly { readonly values: readonly number[]; readonly label: string; readonly split: string; readonly text: string }[]
  /** rows in all; null when only reading tells */
  readonly total: number | null
  readonly problems: readonly string[]
  /** why these arrays cannot be imported as they are; null when they can */
  readonly refusal: WireError | null
}

/** Rows and values that a preview shows. */
export const previewRows = 10
export const previewValues = 784 * 4

export interface ImportProgress {
  readonly phase: 'looking' | 'reading' | 'storing'
  /** rows so far, and in all when that is known */
  readonly rows: number
  readonly total: number | null
}

export interface ImportResult {
  readonly dataset: DatasetInfo
  /** the library had this content already */
  readonly known: boolean
  readonly notes: readonly string[]
}

/** A file that the lab has written for a window. */
export interface WaitingFile {
  /** what the host knows it by; it can be taken once */
  readonly saved: string
  readonly name: string
}

export const importCommands = {
  /** What an import would make; `task` names it for `datasets.stop`. */
  'datasets.preview': command<ImportPreview>()(z.strictObject({ task: id, files: importFiles, mapping: importMapping })),
  'datasets.import': command<ImportResult>()(z.strictObject({ task: id, files: importFiles, mapping: importMapping })),
  'datasets.stop': command<null>()(z.strictObject({ task: id })),
  /** Writes the whole set as one file that waits for the window; refuses rows that are no table as CSV. `task` names it for `datasets.stop`. */
  'datasets.save': command<WaitingFile>()(z.strictObject({ task: id, dataset: id, format: z.enum(['npz', 'csv']) })),
} as const
