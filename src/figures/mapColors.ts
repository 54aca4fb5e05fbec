import type { Theme } from './palette'

export type Rgb = readonly [red: number, green: number, blue: number]

/** Classes of a map: Tol's muted scheme, repeated beyond ten classes. */
const classHexes = ['#332288', '#88ccee', '#44aa99', '#117733', '#999933', '#ddcc77', '#cc6677', '#882255', '#aa4499', '#7f7f7f']

const hexRgb = (hex: string): Rgb => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb

const schemes: Readonly<Record<Theme, { readonly pool: string; readonly early: string; readonly late: string; readonly edge: string }>> = {
  light: { pool: '#c3c9d0', early: '#9ecae1', late: '#08306b', edge: '#1a1e23' },
  dark: { pool: '#3f4852', early: '#2f6f9c', late: '#d5ecfb', edge: '#101317' },
  paper: { pool: '#c3c9d0', early: '#9ecae1', late: '#08306b', edge: '#1a1e23' },
}

/** The one Okabe–Ito colour that no strategy has. */
export const newColor: Rgb = hexRgb('#f0e442')
export const poolColor = (theme: Theme): Rgb => hexRgb(schemes[theme].pool)
export const edgeColor = (theme: Theme): Rgb => hexRgb(schemes[theme].edge)
export const classColor = (label: number): Rgb => hexRgb(classHexes[label % classHexes.length])
export const colorRgb = hexRgb

/** From early (0) to late (1). */
export function roundColor(share: number, theme: Theme): Rgb {
  const [from, to] = [hexRgb(schemes[theme].early), hexRgb(schemes[theme].late)]
  return from.map((value, i) => Math.round(value + (to[i] - value) * share)) as unknown as Rgb
}
