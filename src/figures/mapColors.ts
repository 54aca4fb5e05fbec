import type { Theme } from './palette'

export type Rgb = readonly [red: number, green: number, blue: number]

/** Classes of a map: Tol's muted scheme, repeated beyond ten classes; on dark ground its three darkest are lighter. */
const classHexes = ['#332288', '#88ccee', '#44aa99', '#117733', '#999933', '#ddcc77', '#cc6677', '#882255', '#aa4499', '#7f7f7f']
const lighter: Readonly<Record<string, string>> = { '#332288': '#7468d8', '#117733': '#2b9448', '#882255': '#b8406f' }

const hexRgb = (hex: string): Rgb => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb

interface MapScheme {
  readonly pool: Rgb
  readonly early: Rgb
  readonly late: Rgb
  readonly edge: Rgb
}

const scheme = (pool: string, early: string, late: string, edge: string): MapScheme => ({
  pool: hexRgb(pool),
  early: hexRgb(early),
  late: hexRgb(late),
  edge: hexRgb(edge),
})

const schemes: Readonly<Record<Theme, MapScheme>> = {
  light: scheme('#c3c9d0', '#9ecae1', '#08306b', '#1a1e23'),
  dark: scheme('#3f4852', '#2f6f9c', '#d5ecfb', '#e8ecf0'),
  paper: scheme('#c3c9d0', '#9ecae1', '#08306b', '#1a1e23'),
}
const classColors = classHexes.map(hexRgb)
const darkClassColors = classHexes.map((hex) => hexRgb(lighter[hex] ?? hex))

/** The one Okabe–Ito colour that no strategy has. */
export const newColor: Rgb = hexRgb('#f0e442')
export const poolColor = (theme: Theme): Rgb => schemes[theme].pool
export const edgeColor = (theme: Theme): Rgb => schemes[theme].edge
export const classColor = (label: number, theme: Theme): Rgb =>
  (theme === 'dark' ? darkClassColors : classColors)[label % classColors.length]
export const colorRgb = hexRgb

/** From early (0) to late (1). */
export function roundColor(share: number, theme: Theme): Rgb {
  const { early, late } = schemes[theme]
  const part = (i: 0 | 1 | 2): number => Math.round(early[i] + (late[i] - early[i]) * share)
  return [part(0), part(1), part(2)]
}
