import type { PaperTableInfo } from './types'

/** A table of a paper as it is printed. */
export interface PaperTableView extends PaperTableInfo {
  readonly caption: string
  readonly columns: readonly { readonly title: string; readonly numeric: boolean }[]
  /** rows that are compared with one another; titled where there is more than one */
  readonly blocks: readonly {
    readonly title: string
    readonly rows: readonly (readonly { readonly text: string; readonly mark?: 'best' | 'tied' }[])[]
  }[]
  readonly latex: string
}
