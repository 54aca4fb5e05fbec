import type { Timings } from './events'

export type Phase = keyof Timings

/** Where the time of a round goes. */
export interface Ledger {
  readonly spent: Readonly<Timings>
  /** Adds the milliseconds that `work` takes, awaited when it is a promise; work charged inside it is not counted twice. */
  charge<T>(phase: Phase, work: () => T): T
}

export function createLedger(ticks: () => number): Ledger {
  const spent: { -readonly [P in Phase]: number } = { trainMs: 0, forwardMs: 0, scoreMs: 0, chooseMs: 0, updateMs: 0, evalMs: 0 }
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
