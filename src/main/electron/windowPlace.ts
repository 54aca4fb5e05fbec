import { screen, type BrowserWindow, type Rectangle } from 'electron'
import { z } from 'zod'

/** Keeps one JSON value from start to start. */
export interface PlaceFile {
  read(): unknown
  write(place: unknown): void
}

const least = { width: 1000, height: 640 }
const schema = z.object({
  x: z.int(),
  y: z.int(),
  width: z.int().min(least.width).max(20_000),
  height: z.int().min(least.height).max(20_000),
  maximized: z.boolean(),
})
export type Place = Partial<Pick<Rectangle, 'x' | 'y'>> & Pick<Rectangle, 'width' | 'height'> & { readonly maximized: boolean }

/** Where the window goes: as it was left, if a screen still shows enough of its upper part to take hold of. */
export function placeOf(file: PlaceFile): Place {
  const { data: kept } = schema.safeParse(file.read())
  if (!kept) return { width: 1280, height: 800, maximized: false }
  const grip = 80
  const isReachable = screen.getAllDisplays().some(({ workArea }) => {
    const across = Math.min(kept.x + kept.width, workArea.x + workArea.width) - Math.max(kept.x, workArea.x)
    return across >= grip && kept.y >= workArea.y && kept.y <= workArea.y + workArea.height - grip
  })
  const { x: _x, y: _y, ...size } = kept
  return isReachable ? kept : size
}

const quietMs = 500

export function keepPlace(window: BrowserWindow, file: PlaceFile): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const keep = (): void => {
    clearTimeout(timer)
    file.write({ ...window.getNormalBounds(), maximized: window.isMaximized() })
  }
  const later = (): void => {
    clearTimeout(timer)
    timer = setTimeout(keep, quietMs)
  }
  window.on('resize', later)
  window.on('move', later)
  window.on('close', keep)
  window.on('closed', () => clearTimeout(timer))
}
