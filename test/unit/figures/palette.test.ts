import { describe, expect, it } from 'vitest'
import { markerPoints, seriesStyle, seriesStyles } from '@figures/palette'
import { axisText, fittingTicks, niceScale, spread } from '@figures/scale'

const named = (...ids: string[]) => ids.map((id) => ({ name: id, id }))

describe('series styles', () => {
  it('are those of the design for known methods, in any study', () => {
    for (const all of [named('random', 'badge', 'margin', 'entropy'), named('kmeans', 'entropy', 'my-own', 'random', 'margin', 'badge')]) {
      expect(seriesStyle('badge', 'badge', all)).toMatchObject({ color: '#d55e00', marker: 'circle', dash: null })
      expect(seriesStyle('margin', 'margin', all)).toMatchObject({ color: '#009e73', marker: 'diamond', dash: [10, 3] })
      expect(seriesStyle('entropy', 'entropy', all)).toMatchObject({ color: '#cc79a7', marker: 'triangle', dash: [6, 2, 1.5, 2] })
      expect(seriesStyle('random', 'random', all)).toMatchObject({ color: '#6e757d', marker: 'cross', dash: [5, 4] })
    }
  })

  it('differ in colour and dash for the first fourteen, and in marker, dash or both for all', () => {
    const styles = [...seriesStyles(named(...Array.from({ length: 14 }, (_, i) => `method-${i}`))).values()]
    expect(new Set(styles.map(({ color }) => color)).size).toBe(14)
    expect(new Set(styles.map(({ dash }) => JSON.stringify(dash))).size).toBe(14)
    expect(new Set(styles.map(({ marker, dash }) => JSON.stringify([marker, dash]))).size).toBe(14)
    expect(seriesStyles(named(...Array.from({ length: 30 }, (_, i) => `m${i}`))).size).toBe(30)
  })

  it('give the namesake its home and a variant of it a free one', () => {
    const all = [
      { name: 'badge-cold', id: 'badge' },
      { name: 'badge', id: 'badge' },
      { name: 'random-long', id: 'random' },
      { name: 'random', id: 'random' },
    ]
    const styles = seriesStyles(all)
    expect(styles.get('badge')?.color).toBe('#d55e00')
    expect(styles.get('badge-cold')?.color).toBe('#009e73')
    expect(styles.get('random')?.marker).toBe('cross')
    expect(styles.get('random-long')).toMatchObject({ color: '#6e757d', marker: 'plus' })
  })

  it('stand out on their surface, or have an edge in the text colour', () => {
    for (const { color, darkColor, pale } of seriesStyles(named('random', ...Array.from({ length: 14 }, (_, i) => `m${i}`))).values()) {
      expect(pale || contrast(color, '#ffffff') >= 2.7).toBe(true)
      expect(contrast(darkColor, '#171b20')).toBeGreaterThanOrEqual(3)
    }
  })

  it('have markers inside their box', () => {
    for (const points of Object.values(markerPoints))
      for (const [x, y] of points ?? []) expect(Math.hypot(x, y)).toBeLessThanOrEqual(1.4143)
  })
})

describe('axes', () => {
  it('round outwards to half a step and stay in bounds', () => {
    expect(niceScale([58.2, 98.3], 5, [0, 100])).toEqual({ min: 55, max: 100, ticks: [60, 70, 80, 90, 100] })
    expect(niceScale([-9.6, 5], 5)).toEqual({ min: -10, max: 5, ticks: [-10, -5, 0, 5] })
    expect(niceScale([0.123, 0.131], 4)).toEqual({ min: 0.123, max: 0.131, ticks: [0.124, 0.126, 0.128, 0.13] })
  })

  it('survive equal, absent and single values', () => {
    expect(niceScale([0.5, 0.5], 4).max).toBeGreaterThan(niceScale([0.5, 0.5], 4).min)
    expect(niceScale([], 4)).toMatchObject({ min: 0, max: 1 })
  })

  it('keep the ticks that fit, from the first', () => {
    expect(fittingTicks([20, 40, 60, 80, 100], (value) => value, 35)).toEqual([20, 60, 100])
  })

  it('write a true minus and no rounding noise', () => {
    expect([axisText(-2.5), axisText(0.1 + 0.2), axisText(100)]).toEqual(['−2.5', '0.3', '100'])
  })
})

describe('spread', () => {
  it('leaves free labels alone and centres a crowd on its wishes', () => {
    expect(spread([10, 50, 90], 10, 0, 100)).toEqual([10, 50, 90])
    expect(spread([50, 51, 52], 10, 0, 100)).toEqual([41, 51, 61])
    expect(spread([52, 50, 51], 10, 0, 100)).toEqual([61, 41, 51])
  })

  it('stays inside, squeezing when it must', () => {
    expect(spread([0, 0, 0], 10, 5, 100)).toEqual([5, 15, 25])
    expect(spread([100, 99], 10, 0, 100)).toEqual([100, 90])
    expect(spread([0, 0, 0], 10, 0, 10)).toEqual([0, 5, 10])
    expect(spread([], 10, 0, 100)).toEqual([])
  })
})

/** WCAG 2.2 contrast ratio of two hex colours. */
function contrast(a: string, b: string): number {
  const luminance = (hex: string): number => {
    const [r, g, blue] = [1, 3, 5].map((i) => {
      const c = parseInt(hex.slice(i, i + 2), 16) / 255
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * blue
  }
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (high + 0.05) / (low + 0.05)
}
