export type Theme = 'light' | 'dark' | 'paper'

/** How a strategy is drawn everywhere: colour, marker and dash each tell it apart on their own, so a grey print still reads. */
export interface SeriesStyle {
  readonly color: string
  readonly darkColor: string
  readonly marker: Marker
  /** ECharts symbol */
  readonly symbol: string
  /** width over height of the symbol as drawn at its nominal size */
  readonly symbolScale: number
  /** SVG dash array in units of the mock's 1.75 px line; solid when null */
  readonly dash: readonly number[] | null
  /** below 3:1 on white: markers get a text-coloured edge */
  readonly pale: boolean
}

export interface NamedStrategy {
  readonly name: string
  readonly id: string
}

export type Marker = 'circle' | 'diamond' | 'triangle' | 'square' | 'triangle-down' | 'pentagon' | 'plus' | 'hexagon' | 'star' | 'cross'

/** Marker outlines in a box of −1 … 1; null is the circle. The cross is an outline too, so that no marker needs a stroke. */
export const markerPoints: Readonly<Record<Marker, readonly (readonly [x: number, y: number])[] | null>> = {
  circle: null,
  diamond: [
    [0, -1],
    [1, 0],
    [0, 1],
    [-1, 0],
  ],
  triangle: [
    [0, -1],
    [1, 0.75],
    [-1, 0.75],
  ],
  square: [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ],
  'triangle-down': [
    [0, 1],
    [1, -0.75],
    [-1, -0.75],
  ],
  pentagon: regular(5, [1]),
  plus: [
    [-0.33, -1],
    [0.33, -1],
    [0.33, -0.33],
    [1, -0.33],
    [1, 0.33],
    [0.33, 0.33],
    [0.33, 1],
    [-0.33, 1],
    [-0.33, 0.33],
    [-1, 0.33],
    [-1, -0.33],
    [-0.33, -0.33],
  ],
  hexagon: regular(6, [1]),
  star: regular(10, [1, 0.45]),
  cross: [
    [-1, -0.7],
    [-0.7, -1],
    [0, -0.3],
    [0.7, -1],
    [1, -0.7],
    [0.3, 0],
    [1, 0.7],
    [0.7, 1],
    [0, 0.3],
    [-0.7, 1],
    [-1, 0.7],
    [-0.3, 0],
  ],
}

/** Polygon of n corners from the top, clockwise, on circles of the given radii in turn. */
function regular(n: number, radii: readonly number[]): [number, number][] {
  return Array.from({ length: n }, (_, i) => {
    const angle = (2 * Math.PI * i) / n
    const radius = radii[i % radii.length]
    return [thousandths(radius * Math.sin(angle)), thousandths(-radius * Math.cos(angle))]
  })
}

function thousandths(value: number): number {
  return Math.round(value * 1000) / 1000
}

/** The same outlines as SVG path data. */
export const markerPaths: Readonly<Record<Marker, string>> = {
  circle: 'M-1,0A1,1,0,1,1,1,0A1,1,0,1,1,-1,0Z',
  diamond: outline('diamond'),
  triangle: outline('triangle'),
  square: outline('square'),
  'triangle-down': outline('triangle-down'),
  pentagon: outline('pentagon'),
  plus: outline('plus'),
  hexagon: outline('hexagon'),
  star: outline('star'),
  cross: outline('cross'),
}

function outline(marker: Marker): string {
  return `M${(markerPoints[marker] ?? []).map(([x, y]) => `${x},${y}`).join('L')}Z`
}

/** Marker sizes that look equal at equal line weight, relative to the circle's diameter. */
const markerScale: Readonly<Record<Marker, number>> = {
  circle: 1,
  diamond: 1.3,
  triangle: 1.25,
  square: 0.92,
  'triangle-down': 1.25,
  pentagon: 1.15,
  plus: 1.2,
  hexagon: 1.1,
  star: 1.4,
  cross: 1,
}

interface Slot {
  readonly color: string
  readonly darkColor?: string
  readonly marker: Marker
  readonly dash: readonly number[] | null
  readonly pale?: boolean
}

// Okabe–Ito without its yellow (1.3:1 on white) and black; blue last, because it is the accent. Then Tol's muted scheme.
const slots: readonly Slot[] = [
  { color: '#d55e00', marker: 'circle', dash: null },
  { color: '#009e73', marker: 'diamond', dash: [10, 3] },
  { color: '#cc79a7', marker: 'triangle', dash: [6, 2, 1.5, 2] },
  { color: '#e69f00', marker: 'square', dash: [2, 2], pale: true },
  { color: '#56b4e9', marker: 'triangle-down', dash: [8, 2, 2, 2], pale: true },
  { color: '#0072b2', darkColor: '#3d9bd6', marker: 'pentagon', dash: [4, 2] },
  { color: '#882255', darkColor: '#cf6a9f', marker: 'plus', dash: [12, 2, 2, 2, 2, 2] },
  { color: '#117733', darkColor: '#4fae6c', marker: 'hexagon', dash: [3, 1.5] },
  { color: '#332288', darkColor: '#8f80dd', marker: 'star', dash: [7, 4] },
  { color: '#999933', marker: 'triangle', dash: [1.5, 1.5] },
  { color: '#cc6677', marker: 'diamond', dash: [5, 2, 1.5, 2, 1.5, 2] },
  { color: '#44aa99', marker: 'square', dash: [9, 4, 3, 4] },
  { color: '#aa4499', marker: 'triangle-down', dash: [2, 4] },
  { color: '#ddcc77', marker: 'circle', dash: [14, 4], pale: true },
]

// Random is grey and dashed; a second random baseline (longer, other sampling) stays grey with another marker and dash.
const randomSlots: readonly Slot[] = [
  { color: '#6e757d', darkColor: '#98a1ab', marker: 'cross', dash: [5, 4] },
  { color: '#6e757d', darkColor: '#98a1ab', marker: 'plus', dash: [2, 3] },
]
const fullDataSlot: Slot = { color: '#1a1e23', darkColor: '#e4e8ec', marker: 'circle', dash: [1.5, 3] }

/** Methods that a reader meets in every paper keep one look in every study. */
const homeSlot: Readonly<Record<string, number>> = {
  badge: 0,
  margin: 1,
  entropy: 2,
  'core-set': 3,
  typiclust: 4,
  acquisition: 5,
  'entropy-gradnorm': 6,
  'least-confidence': 7,
  kmeans: 8,
  'variation-ratio': 9,
}

/**
 * Style of every strategy of a study, by name. Pass the whole study, never the visible part, so that hiding one does not recolour the
 * others: known methods take their home, the rest the free slots in study order; from the 15th on slots repeat.
 */
export function seriesStyles(all: readonly NamedStrategy[]): ReadonlyMap<string, SeriesStyle> {
  const chosen = new Map<string, Slot>()
  const free = new Set(slots.keys())
  const namesakesFirst = [...all.filter(({ name, id }) => name === id), ...all.filter(({ name, id }) => name !== id)]
  let randoms = 0
  for (const { name, id } of namesakesFirst) {
    const home = homeSlot[id]
    if (id === 'random') chosen.set(name, randomSlots[randoms++ % randomSlots.length])
    else if (id === 'full-data') chosen.set(name, fullDataSlot)
    else if (home !== undefined && free.delete(home)) chosen.set(name, slots[home])
  }
  let repeats = 0
  for (const { name } of all) {
    if (chosen.has(name)) continue
    const [next = repeats++ % slots.length] = free
    free.delete(next)
    chosen.set(name, slots[next])
  }
  return new Map([...chosen].map(([name, slot]) => [name, styleOf(slot)]))
}

export function seriesStyle(name: string, id: string, all: readonly NamedStrategy[]): SeriesStyle {
  return seriesStyles(all).get(name) ?? seriesStyles([...all, { name, id }]).get(name)!
}

const styleOf = ({ color, darkColor, marker, dash, pale }: Slot): SeriesStyle => ({
  color,
  darkColor: darkColor ?? color,
  marker,
  symbol: `path://${markerPaths[marker]}`,
  symbolScale: markerScale[marker],
  dash,
  pale: pale ?? false,
})

export const colorOf = (style: SeriesStyle, theme: Theme): string => (theme === 'dark' ? style.darkColor : style.color)

/** Surfaces and inks of figures, equal to the tokens of the app; paper is always light. */
export const figureInk: Readonly<
  Record<Theme, { readonly surface: string; readonly text: string; readonly muted: string; readonly axis: string; readonly grid: string }>
> = {
  light: { surface: '#ffffff', text: '#1a1e23', muted: '#545d68', axis: '#7f8894', grid: '#eaedf0' },
  dark: { surface: '#171b20', text: '#e4e8ec', muted: '#a0aab5', axis: '#6d7884', grid: '#242a31' },
  paper: { surface: '#ffffff', text: '#111111', muted: '#333333', axis: '#444444', grid: '#e3e5e8' },
}
