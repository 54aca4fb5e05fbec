/** Tensors as nested lists, the way reference files hold them. */
export type Nested = number | readonly Nested[]
export type NestedTensors = Readonly<Record<string, Nested>>

const shapeOf = (nested: Nested): number[] => (typeof nested === 'number' ? [] : [nested.length, ...shapeOf(nested[0])])

export const flat = (nested: Nested): number[] => (typeof nested === 'number' ? [nested] : nested.flatMap(flat))

export const tensorOf = (nested: Nested) => ({ shape: shapeOf(nested), data: Float64Array.from(flat(nested)) })

/** Tensors by their name in the network itself. */
export const tensorsOf = (tensors: NestedTensors) =>
  new Map(Object.entries(tensors).map(([name, nested]) => [name.replace(/^net\./, ''), tensorOf(nested)]))
