import { readFileSync } from 'node:fs'

/** A file of test/reference/data; its README names the makers and the tolerances. */
export const readReference = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../reference/data/${name}.json`, import.meta.url), 'utf8')) as T

/** |a − b| over the larger of |b| and `floor`, below which only rounding is left. */
export const relativeError = (a: number, b: number, floor = 1e-6): number => Math.abs(a - b) / Math.max(Math.abs(b), floor)
