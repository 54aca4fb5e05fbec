import type { RunPlan } from './runHash'

/** Whether a round is evaluated: it is the last, or the first with as many labels as a budget of `protocol.evaluateAt`. */
export function isEvaluated({ protocol, strategy }: Pick<RunPlan, 'protocol' | 'strategy'>, round: number, labeled: number): boolean {
  const { evaluateAt, query } = protocol
  if (!evaluateAt || round === strategy.rounds) return true
  return evaluateAt.some((budget) => budget <= labeled && (round === 0 || budget > labeled - query))
}
