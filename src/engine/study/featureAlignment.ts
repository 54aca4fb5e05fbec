import { takeRows, type Matrix } from '../core/matrix'
import { logme } from '../metrics/logme'
import { pedLogme } from '../metrics/ped'
import type { FeatureAlignment } from '../strategies/contract'
import type { RoundRecord } from './events'
import type { TuningMethod } from './spec'

/** What the rounds so far say about features and training (A§12.5); read from their records, so a resumed run knows it too. */
export interface AlignmentState {
  /** times that features were renewed, and the round of the last one */
  readonly updates: number
  readonly updatedIn: number | null
  /** a check was above τ */
  readonly exceeded: boolean
  /** labels trained on at the last check, or in the first round that had any */
  readonly checkedAt: number
  /** labels trained on in the round before; 0 at the start */
  readonly labeledBefore: number
  /** regions of the last two checks */
  readonly b1: number
  readonly b2: number
  readonly checks: number
}

/** Batches whose regions decide (A§12.5). */
const regionWindow = 2

/** The state after `records`; `reserved` validation rows are among their labels and are not trained on. */
export function alignmentState(records: readonly RoundRecord[], reserved: number): AlignmentState {
  const labels = ({ labeled }: RoundRecord): number => labeled - reserved
  const checks = records.filter(({ diagnostics }) => diagnostics.feature_update !== undefined)
  const updates = checks.filter(({ diagnostics }) => diagnostics.feature_update === 1)
  const started = records.find((record) => labels(record) > 0)
  const last = checks.at(-1) ?? started
  const sum = (key: string): number => checks.slice(-regionWindow).reduce((total, { diagnostics }) => total + (diagnostics[key] ?? 0), 0)
  return {
    updates: updates.length,
    updatedIn: updates.at(-1)?.round ?? null,
    exceeded: checks.some(({ diagnostics }) => diagnostics.above_tau === 1),
    checkedAt: last === undefined ? 0 : labels(last),
    labeledBefore: records.length === 0 ? 0 : labels(records[records.length - 1]),
    b1: sum('b1'),
    b2: sum('b2'),
    checks: checks.length,
  }
}

/** How the model is fine-tuned in this state: head first until the switch, and before anything is known. */
export function tuningIn({ method, switchBy }: FeatureAlignment, state: AlignmentState): TuningMethod {
  if (method !== 'switch') return method
  if (switchBy === 'score') return state.exceeded ? 'ft' : 'lp-ft'
  return state.checks === 0 || state.b1 > state.b2 ? 'lp-ft' : 'ft'
}

/** Whether a round that trains on `labels` rows is a check round whose outcome could change anything. */
export function isCheckRound(alignment: FeatureAlignment, state: AlignmentState, labels: number): boolean {
  const { checks, tau, updates, method, switchBy } = alignment
  const watchesRegions = method === 'switch' && switchBy === 'region'
  const mayUpdate = state.updates < updates
  const maySwitch = method === 'switch' && switchBy === 'score' && !state.exceeded
  if (!watchesRegions && (tau === Infinity || !(mayUpdate || maySwitch))) return false
  if (labels === 0) return false
  if (checks === 'every') return true
  if (checks === 'doublings') return state.checkedAt > 0 && labels >= 2 * state.checkedAt
  return checks.some((count) => count > state.labeledBefore && count <= labels)
}

/** Features of the same rows under two networks, and rows that give each its scale. */
export interface Compared {
  readonly features: Matrix
  readonly background: Matrix
}

export interface FeatureScores {
  readonly stored: number
  readonly tuned: number
}

/**
 * How well both features fit the labels. LogME needs two rows of a class: rows of a class that has one are left out, on both sides. Null
 * where fewer than two classes are left.
 */
export function featureScores(
  { score, variant }: Pick<FeatureAlignment, 'score' | 'variant'>,
  stored: Compared,
  tuned: Compared,
  labels: Int32Array,
  classes: number,
): FeatureScores | null {
  const counts = new Int32Array(classes)
  for (const label of labels) counts[label]++
  const kept = Int32Array.from(labels.keys()).filter((i) => counts[labels[i]] > 1)
  const own = kept.map((i) => labels[i])
  if (new Set(own).size < 2) return null
  const scoreOf = ({ features, background }: Compared): number => {
    const rows = takeRows(features, kept)
    return score === 'logme' ? logme(rows, own, classes, { variant }).value : pedLogme(rows, own, classes, { variant, background }).value
  }
  return { stored: scoreOf(stored), tuned: scoreOf(tuned) }
}

/** Whether fine-tuned features take over. Without scores nothing speaks for them, but τ = −∞ asks for nothing. */
export const isAbove = (tau: number, delta: number | null): boolean => tau === -Infinity || (delta !== null && delta > tau)
