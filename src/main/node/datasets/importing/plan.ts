import type { ArrayRole, ColumnRole } from '@contract/importing'
import type { DatasetKind } from '@engine/data/dataset'
import type { NumericData } from '@engine/data/numericArray'
import type { ArraySource, Split } from '../importers/contract'
import type { Encoding, Place } from './encode'

/** Consecutive rows of one split as the engine will see them. */
export interface EncodedRows {
  readonly split: Split
  /** split of each row, where rows of training and validation are mixed; none of them is a test row then */
  readonly splits?: readonly Split[]
  readonly rows: number
  /** rows × size values */
  readonly data: NumericData
  readonly labels: ArrayLike<number | string | null>
  readonly texts: readonly string[] | null
  readonly place: Place
}

/** What an import will do: everything decided, nothing written. */
export interface Plan {
  readonly kind: DatasetKind
  /** shape of one sample */
  readonly shape: readonly number[]
  /** how a table's rows became numbers; null for arrays */
  readonly encoding: Encoding | null
  /** names of the classes that labels are positions in, where the source knows them */
  readonly classNames: readonly string[] | undefined
  /** whether NaN stands for a missing value */
  readonly allowMissing: boolean
  /** what errors about labels name */
  readonly labelsName: string
  /** rows in all, null when only reading tells */
  readonly total: number | null
  readonly arrays: readonly ArraySource[]
  readonly roles: ReadonlyMap<ArrayRole, ArraySource>
  readonly columns: readonly {
    readonly name: string
    readonly kind: string
    readonly role: ColumnRole | 'label' | 'split'
    readonly note: string
  }[]
  readonly valueNames: readonly string[]
  readonly notes: readonly string[]
  /** The rows, in order; of each part at most `most`. */
  rows(most: number): AsyncIterable<EncodedRows>
}
