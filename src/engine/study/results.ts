import type { RoundRecord, SelectedSample } from './events'
import type { FactorValue, StatsSpec } from './spec'

/** A finished or partial run as analysis and CSV writers read it; made from run folders, live state or imported CSVs. */
export interface RunResult {
  readonly study: string
  readonly dataset: string
  /** run hash, or any unique text for imported results */
  readonly run: string
  readonly strategy: string
  readonly seed: number
  readonly factors: Readonly<Record<string, FactorValue>>
  readonly records: readonly RoundRecord[]
  readonly initial: readonly SelectedSample[]
  readonly complete: boolean
  /** its method asks no trained model: what is trained is evaluated and does not choose */
  readonly modelFree?: true
  /** test rows ÷ rows that may be labelled; left out where the sizes are not known */
  readonly testShare?: number
}

/** Everything analysis needs of one experiment. */
export interface ResultSet {
  readonly study: string
  /** strategy names in study order */
  readonly strategies: readonly string[]
  /** names whose method is `full-data`: drawn as a line, in no pair or area */
  readonly lines: readonly string[]
  /** names whose method looks at the pool's true labels: marked † wherever they are shown */
  readonly oracles?: readonly string[]
  /** ablated paths in study order */
  readonly factors: readonly string[]
  readonly stats: StatsSpec
  readonly classes: number
  /** left out where they are not known, or where data sets differ in them */
  readonly classNames?: readonly string[]
  readonly runs: readonly RunResult[]
  /** whether seeds split the data anew; left out where the protocol is not known */
  readonly splitVaries?: boolean
}
