import type { Timings } from './events'

export type Phase = keyof Timings

/** Where the time of a round goes. */
export interface Ledger<P extends string = Phase> {
  readonly spent: Readonly<Record<P, number>>
  /** Adds the milliseconds that `work` takes, awaited when it is a promise; work charged inside it is not counted twice. */
  charge<T>(phase: P, work: () => T): T
}

export const createLedger = (ticks: () => number): Ledger =>
  createLedgerOf({ trainMs: 0, forwardMs: 0, scoreMs: 0, chooseMs: 0, updateMs: 0, evalMs: 0 }, ticks)

/** A ledger of other phases, which begin with what has been `spent` and are added up in place. */
export function createLedgerOf<P extends string>(spent: Record<P, number>, ticks: () => number): Ledger<P> {
  let charged = 0
  return {
    spent,
    charge: (phase, work) => {
      const start = ticks()
      const before = charged
      const settle = (): void => {
        const own = Math.max(0, ticks() - start - (charged - before))
        spent[phase] += own
        charged += own
      }
      const result = work()
      if (result instanceof Promise) return result.finally(settle) as typeof result
      settle()
      return result
    },
  }
}
