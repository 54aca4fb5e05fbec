import type { ResultSet } from '@engine/study/results'

/** A computation that keeps its latest outputs for a result set. */
export interface Remembered<Input, Output> {
  (results: ResultSet, input: Input): Output
  /** Keeps an output that was computed elsewhere. */
  adopt(results: ResultSet, input: Input, output: Output): void
}

/** Lists ask for every figure of a result set, and a page for a few views of each. */
const kept = 6

/** What a figure needs, its height and its drawing come from one computation. */
export function remembered<Input, Output>(compute: (results: ResultSet, input: Input) => Output): Remembered<Input, Output> {
  const known = new WeakMap<ResultSet, Map<string, Output>>()
  const adopt = (results: ResultSet, input: Input, output: Output): void => {
    const outputs = known.get(results) ?? new Map<string, Output>()
    known.set(results, outputs)
    outputs.set(JSON.stringify(input), output)
    const [oldest] = outputs.keys()
    if (outputs.size > kept) outputs.delete(oldest)
  }
  const recall = (results: ResultSet, input: Input): Output => {
    const key = JSON.stringify(input)
    const outputs = known.get(results)
    if (outputs?.has(key)) return outputs.get(key)!
    const output = compute(results, input)
    adopt(results, input, output)
    return output
  }
  return Object.assign(recall, { adopt })
}
