import type { DatasetKind } from '@engine/data/dataset'
import type { DType, NumericData } from '@engine/data/numericArray'
import type { ImportMapping } from '@contract/importing'
import type { FileTree } from '../source/tree'
import type { InputFile } from '../source/inputFile'
import type { Scratch } from '../source/scratch'

export interface ImportContext {
  readonly mapping: ImportMapping
  readonly scratch: Scratch
}

/** A dense array in a file, read in whole rows of its first axis. */
export interface ArraySource {
  /** what mappings and messages call it: `X.npy`, `data.npz#x_train` */
  readonly name: string
  /** the part of the name that tells its role */
  readonly key: string
  readonly shape: readonly number[]
  readonly dtype: DType | 'text'
  /** row-major values of consecutive rows; none for arrays of text */
  chunks(): AsyncIterable<NumericData>
  /** values of a one-dimensional array of text */
  texts(): Promise<readonly string[]>
}

/** One image, decoded when its row comes. */
export interface ImageCell {
  readonly name: string
  bytes(): Promise<Uint8Array>
}

export type NestedNumbers = ArrayLike<number> | readonly NestedNumbers[]

/** Consecutive values of one column. NaN and null mean a missing value. */
export type Cells =
  | { readonly kind: 'number'; readonly values: ArrayLike<number> }
  | { readonly kind: 'text'; readonly values: ArrayLike<string | null> }
  | { readonly kind: 'list'; readonly values: ArrayLike<NestedNumbers | null> }
  | { readonly kind: 'image'; readonly values: ArrayLike<ImageCell | null> }

export interface Column {
  readonly name: string
  readonly kind: Cells['kind']
  /** for columns of class numbers whose names the file knows */
  readonly classNames?: readonly string[]
}

export interface Batch {
  readonly rows: number
  /** in the order the columns were asked for */
  readonly cells: readonly Cells[]
  /** line of each row in the file, from 1, for text formats */
  readonly lines?: readonly number[]
}

/** Rows and columns of one file. */
export interface TableSource {
  readonly name: string
  readonly columns: readonly Column[]
  /** null when only reading tells */
  readonly rows: number | null
  /** `most` says how many rows are wanted; more may come. */
  batches(columns: readonly string[], most?: number): AsyncIterable<Batch>
}

export type Split = 'train' | 'test' | 'validation'

/** What a source holds, before anybody says what is what. */
export type Opened =
  | {
      readonly form: 'arrays'
      readonly arrays: readonly ArraySource[]
      readonly kind?: DatasetKind
      readonly classNames?: readonly string[]
    }
  | {
      readonly form: 'table'
      /** tables with the same columns; `split` where the file's name tells it */
      readonly parts: readonly { readonly split: Split | null; readonly table: TableSource }[]
    }

export type OpenedTable = Extract<Opened, { readonly form: 'table' }>

/** Reads one kind of file. Sniffing sees the first 4,096 bytes and answers 0 (no) to 1 (certainly). */
export interface FileImporter {
  readonly id: string
  readonly title: string
  sniff(head: Uint8Array, name: string): number
  arrays?(file: InputFile, context: ImportContext): Promise<readonly ArraySource[]>
  table?(file: InputFile, context: ImportContext): Promise<TableSource>
}

/** Reads a known arrangement of several files. */
export interface TreeImporter {
  readonly id: string
  readonly title: string
  matches(tree: FileTree): boolean
  open(tree: FileTree, context: ImportContext): Promise<Opened>
}

/** A text or number cell as text; empty when there is nothing. */
export function cellText(value: Cells['values'][number] | undefined): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}

/** Split that a file or folder name speaks of. */
export function splitOfName(name: string): Split | null {
  const words = name.toLowerCase().split(/[^a-z0-9]+/)
  if (words.some((word) => /^(train|training|tr)\d*$/.test(word))) return 'train'
  if (words.some((word) => /^(test|testing|t10k|te)\d*$/.test(word))) return 'test'
  if (words.some((word) => /^(val|valid|validation|dev)\d*$/.test(word))) return 'validation'
  return null
}
