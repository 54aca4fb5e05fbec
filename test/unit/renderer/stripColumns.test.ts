import { describe, expect, it } from 'vitest'
import { stripColumns } from '@/features/compare/stripColumns'

const centres = ({ indent, widths }: ReturnType<typeof stripColumns>): number[] =>
  widths.map((width, i) => indent + widths.slice(0, i).reduce((sum, w) => sum + w, 0) + width / 2)

describe('stripColumns', () => {
  it('centres a column under each tick of evenly spaced budgets', () => {
    // The first begins at the left edge, and the last leaves room for the names after it; both are narrower.
    expect(centres(stripColumns([20, 40, 60], { left: 40, right: 240 }, 0))).toEqual([45, 140, 231])
    expect(centres(stripColumns([20, 40, 60], { left: 100, right: 300 }, -8))).toEqual([92, 192, 283])
  })
  it('holds each tick of uneven budgets within its column', () => {
    const budgets = [10, 20, 40, 80]
    const { indent, widths } = stripColumns(budgets, { left: 50, right: 470 }, 0)
    let border = indent
    budgets.forEach((labels, i) => {
      const tick = 50 + ((labels - 10) / 70) * 420
      expect(tick).toBeGreaterThan(border)
      border += widths[i]
      expect(tick).toBeLessThan(border)
    })
  })
  it('gives one budget, or no drawing yet, plain columns', () => {
    expect(stripColumns([20], { left: 40, right: 240 }, 0)).toEqual({ indent: 0, widths: [64] })
    expect(stripColumns([20, 40], { left: 0, right: 0 }, 0)).toEqual({ indent: 0, widths: [64, 64] })
  })
})
