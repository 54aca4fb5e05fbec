import { randomFrom } from '@engine/core/random'
import { describe, expect, it } from 'vitest'

const draws = (seed: string, n: number): number[] => {
  const random = randomFrom(seed)
  return Array.from({ length: n }, () => random.next())
}

describe('random streams', () => {
  it('are the same for equal seeds, others for other seeds and names', () => {
    expect(draws('a', 5)).toEqual(draws('a', 5))
    expect(draws('a', 5)).not.toEqual(draws('b', 5))
    const root = randomFrom(0)
    expect(root.fork('weights', 1).next()).toBe(randomFrom('0').fork('weights', 1).next())
    const names = [
      root.fork('weights', 1),
      root.fork('weights', 2),
      root.fork('weights'),
      root.fork('weights').fork(1, 1),
      root.fork('order', 1),
    ]
    expect(new Set(names.map((random) => random.next())).size).toBe(names.length)
  })

  it('fork by name alone, whatever was drawn', () => {
    const [fresh, used] = [randomFrom('x'), randomFrom('x')]
    for (let i = 0; i < 100; i++) used.normal()
    expect(used.fork('y').next()).toBe(fresh.fork('y').next())
  })

  it('draw uniform numbers, integers and normals', () => {
    const n = 40_000
    const values = draws('moments', n)
    const mean = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0) / all.length
    expect(Math.abs(mean(values) - 1 / 2)).toBeLessThan(4 * Math.sqrt(1 / 12 / n))
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...values)).toBeLessThan(1)
    const random = randomFrom('moments')
    const counts = new Int32Array(7)
    for (let i = 0; i < n; i++) counts[random.int(7)]++
    const chi = counts.reduce((sum, count) => sum + (count - n / 7) ** 2 / (n / 7), 0)
    expect(chi).toBeLessThan(22.5) // 0.999 quantile with 6 degrees of freedom
    const normals = Array.from({ length: n }, () => random.normal())
    expect(Math.abs(mean(normals))).toBeLessThan(4 / Math.sqrt(n))
    expect(Math.abs(mean(normals.map((value) => value ** 2)) - 1)).toBeLessThan(4 * Math.sqrt(2 / n))
  })

  it('toss coins with the given chance into the given places, and go on from there', () => {
    const n = 40_000
    const random = randomFrom('coins')
    const out = new Float32Array(n + 2).fill(9)
    random.coins(out, 1, n, 0.3, 2)
    expect([out[0], out[n + 1]]).toEqual([9, 9])
    const tossed = out.subarray(1, n + 1)
    expect([...new Set(tossed)].sort()).toEqual([0, 2])
    expect(Math.abs(tossed.filter((value) => value > 0).length / n - 0.3)).toBeLessThan(4 * Math.sqrt(0.21 / n))
    // the coins of one call are those of several, and the stream moves on
    const parts = randomFrom('coins')
    const again = new Float32Array(n)
    parts.coins(again, 0, 7, 0.3, 2)
    parts.coins(again, 7, n - 7, 0.3, 2)
    expect(again).toEqual(Float32Array.from(tossed))
    expect(parts.next()).toBe(random.next())
    expect(random.next()).not.toBe(randomFrom('coins').next())
    random.coins(out, 0, 3, 0, 2)
    random.coins(out, 3, 3, 1, 2)
    expect([...out.subarray(0, 6)]).toEqual([0, 0, 0, 2, 2, 2])
  })

  it('sample without replacement and shuffle in place', () => {
    const random = randomFrom('sample')
    const picks = random.sample(20, 20)
    expect([...picks].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect([...randomFrom('k').sample(50, 5)]).toEqual([...randomFrom('k').sample(50, 50)].slice(0, 5))
    expect(() => random.sample(3, 4)).toThrow(RangeError)
    expect(() => random.int(0)).toThrow(RangeError)
    const values = [1, 2, 3]
    expect(random.shuffle(values)).toBe(values)
  })
})
