import { createBuilder } from '@engine/graph/builder'
import { gradients } from '@engine/graph/grad'
import type { Graph } from '@engine/graph/ir'
import { layersOf } from '@engine/nn/architectures'
import { planNetwork, traceEntropyNorms, traceStep } from '@engine/nn/network'
import { describe, expect, it } from 'vitest'
import { evaluate, traced } from '../../support/graphs'

const operations = (graph: Graph): string[] => graph.nodes.map(({ op }) => op)

describe('builder', () => {
  it('shares equal nodes and leaves out those that no output needs', () => {
    const graph = traced((g) => {
      const x = g.input('x', [2, 2])
      g.exp(g.input('unused', [3]))
      return { y: g.add(g.matmul(x, x, { transB: true }), g.matmul(x, x, { transB: true })), z: g.matmul(x, x) }
    })
    expect(operations(graph)).toEqual(['matmul', 'add', 'matmul'])
    expect(graph.sources).toHaveLength(1)
  })

  it('makes every output the result of a node of its own', async () => {
    const graph = traced((g) => {
      const x = g.input('x', [2])
      const y = g.exp(x)
      return { x, y, again: y }
    })
    expect(new Set(graph.outputs.values()).size).toBe(3)
    const { x, y, again } = await evaluate(graph, { x: Float64Array.of(0, 1) })
    expect([...x]).toEqual([0, 1])
    expect(again).toEqual(y)
  })

  it('says which shapes do not fit', () => {
    const g = createBuilder()
    const [a, b] = [g.input('a', [2, 3]), g.input('b', [2, 4])]
    expect(() => g.matmul(a, b)).toThrow('matmul: [2×3] and [2×4] do not multiply')
    expect(() => g.add(a, b)).toThrow('add: [2×3] and [2×4] do not broadcast')
    expect(() => g.reshape(a, [5])).toThrow('reshape: [2×3] does not fill [5]')
    expect(() => g.reduceSum(a, [2])).toThrow('reduceSum: axes 2 of [2×3]')
    expect(() => g.input('a', [3, 2])).toThrow('input a is [2×3], now asked for as [3×2]')
    expect(() => g.maxPool2dGrad(g.input('x', [1, 1, 3, 3]), g.input('d', [1, 1, 2, 2]), { size: [2, 2], stride: [1, 1] })).toThrow(
      'overlapping',
    )
  })

  it('keeps the training step of an MLP lean', () => {
    const network = planNetwork(layersOf({ type: 'mlp', hidden: [8], dropout: 0, init: 'he-uniform' }, [5], 3), [5], 3)
    const forward = ['matmul', 'add', 'relu', 'matmul', 'add', 'logSoftmax', 'mul', 'reduceSum', 'neg']
    const outputError = ['neg', 'exp', 'reduceSum', 'mul', 'sub']
    const backward = ['reduceSum', 'matmul', 'matmul', 'positive', 'mul', 'reduceSum', 'matmul']
    expect(operations(traceStep(network, 4))).toEqual([...forward, ...outputError, ...backward])
    expect(operations(traceEntropyNorms(network, 4))).not.toContain('stopGradient')
  })
})

describe('gradients', () => {
  it('add up over every use of a value and are 0 without one', async () => {
    const graph = traced((g) => {
      const [x, y] = [g.input('x', [2]), g.input('y', [3])]
      const [dx, dy] = gradients(g, g.reduceSum(g.add(g.mul(x, g.square(x)), x)), [x, y]) // x³ + x
      return { dx, dy }
    })
    const { dx, dy } = await evaluate(graph, { x: Float64Array.of(2, -1) })
    expect([...dx]).toEqual([13, 4])
    expect([...dy]).toEqual([0, 0, 0])
  })

  it('do not pass a stopped value', async () => {
    const graph = traced((g) => {
      const x = g.input('x', [1])
      return { dx: gradients(g, g.reduceSum(g.mul(g.stopGradient(g.square(x)), x)), [x])[0] }
    })
    expect([...(await evaluate(graph, { x: Float64Array.of(3) })).dx]).toEqual([9])
  })

  it('of a value that has several users inside the graph can be taken at that value', async () => {
    const graph = traced((g) => {
      const hidden = g.tanh(g.input('x', [2]))
      return { d: gradients(g, g.reduceSum(g.add(g.exp(hidden), g.square(hidden))), [hidden])[0] }
    })
    const { d } = await evaluate(graph, { x: Float64Array.of(0.3, -2) })
    for (const [i, x] of [0.3, -2].entries()) expect(d[i]).toBeCloseTo(Math.exp(Math.tanh(x)) + 2 * Math.tanh(x), 13)
  })

  it('need a scalar', () => {
    const g = createBuilder()
    const x = g.input('x', [2])
    expect(() => gradients(g, x, [x])).toThrow('gradients need a scalar, got [2]')
  })
})
