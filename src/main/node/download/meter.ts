import type { DownloadProgress } from './request'

const windowMs = 5_000
const tellEveryMs = 200
const soonestMs = 500

/** Tells progress a few times a second, with the rate of the last seconds. */
export interface Meter {
  received(bytes: number, total: number | null): void
  checking(bytes: number, total: number): void
}

export function createMeter(onProgress: ((progress: DownloadProgress) => void) | undefined): Meter {
  let marks: { readonly at: number; readonly bytes: number }[] = []
  let toldAt = -Infinity
  const isDue = (now: number, isLast: boolean): boolean => {
    if (!isLast && now - toldAt < tellEveryMs) return false
    toldAt = now
    return true
  }
  return {
    received: (bytes, total) => {
      const now = performance.now()
      if (marks.length > 0 && bytes < marks[marks.length - 1].bytes) marks = [] // started over
      if (!isDue(now, bytes === total)) return
      marks = [...marks.filter(({ at }) => now - at <= windowMs), { at: now, bytes }]
      const [first] = marks
      const elapsed = now - first.at
      const bytesPerSecond = elapsed < soonestMs ? null : ((bytes - first.bytes) / elapsed) * 1000
      const etaMs = total === null || !bytesPerSecond ? null : ((total - bytes) / bytesPerSecond) * 1000
      onProgress?.({ phase: 'receiving', received: bytes, total, bytesPerSecond, etaMs })
    },
    checking: (bytes, total) => {
      if (isDue(performance.now(), bytes === total))
        onProgress?.({ phase: 'checking', received: bytes, total, bytesPerSecond: null, etaMs: null })
    },
  }
}
