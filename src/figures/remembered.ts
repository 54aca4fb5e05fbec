import type { ResultSet } from '@engine/study/results'

/** The last value computed for a result set: what a figure needs, its height and its drawing come from one computation. */
export function remembered<Input, Output>(
  compute: (results: ResultSet, input: Input) => Output,
): (results: ResultSet, input: Input) => Output {
  const last = new WeakMap<ResultSet, { readonly key: string; readonly output: Output }>()
  return (results, input) => {
    const key = JSON.stringify(input)
    const known = last.get(results)
    if (known?.key === key) return known.output
    const output = compute(results, input)
    last.set(results, { key, output })
    return output
  }
}
