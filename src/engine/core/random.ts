import { sha256 } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'

/**
 * A deterministic random stream. `fork` derives an independent stream by name: it depends on the names alone, never on how
 * many numbers were drawn, so two strategies that fork ('weights', round) see the same numbers whatever else they do.
 */
export interface Random {
  fork(...names: readonly (string | number)[]): Random
  /** Uniform in [0, 1) with 53 random bits. */
  next(): number
  /** Uniform integer in [0, n). */
  int(n: number): number
  /** Standard normal. */
  normal(): number
  /** Writes `value` with probability p, else 0, to `count` places of `out` from `from`; 32 random bits each. */
  coins(out: { [index: number]: number }, from: number, count: number, p: number, value: number): void
  /** Shuffles in place (Fisher–Yates) and returns its argument. */
  shuffle<T extends { [index: number]: number; readonly length: number }>(values: T): T
  /** k distinct integers of [0, n), in draw order. */
  sample(n: number, k: number): Int32Array
}

/** The root stream of a seed; every stream of the program is forked from one of these. */
export function randomFrom(seed: number | string): Random {
  return stream(`querent:${seed}`)
}

function stream(name: string): Random {
  const words = seedWords(name)
  // sfc32 (C. Doty-Humphrey, PractRand): 128-bit state, integer arithmetic only, so equal on every machine.
  let [a, b, c, counter] = words
  const next32 = (): number => {
    const t = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return t >>> 0
  }
  for (let i = 0; i < 12; i++) next32()
  let spare: number | undefined

  const random: Random = {
    fork: (...names) => stream(`${name}${JSON.stringify(names)}`),
    next: () => ((next32() >>> 5) * 67108864 + (next32() >>> 6)) / 9007199254740992,
    int: (n) => {
      if (!Number.isInteger(n) || n < 1 || n > 4294967296) throw new RangeError(`int(${n}) needs an integer in [1, 2^32]`)
      const limit = 4294967296 - (4294967296 % n) // reject the tail, so that every value is equally likely
      for (;;) {
        const value = next32()
        if (value < limit) return value % n
      }
    },
    normal: () => {
      if (spare !== undefined) {
        const value = spare
        spare = undefined
        return value
      }
      // Marsaglia's polar method: no trigonometry
      for (;;) {
        const u = 2 * random.next() - 1
        const v = 2 * random.next() - 1
        const s = u * u + v * v
        if (s === 0 || s >= 1) continue
        const scale = Math.sqrt((-2 * Math.log(s)) / s)
        spare = v * scale
        return u * scale
      }
    },
    coins: (out, from, count, p, value) => {
      const limit = p * 4294967296
      // `next32` with its state in local variables, where it is several times as fast.
      let [w, x, y, z] = [a, b, c, counter]
      for (let i = from; i < from + count; i++) {
        const t = (((w + x) | 0) + z) | 0
        z = (z + 1) | 0
        w = x ^ (x >>> 9)
        x = (y + (y << 3)) | 0
        y = (((y << 21) | (y >>> 11)) + t) | 0
        out[i] = t >>> 0 < limit ? value : 0
      }
      ;[a, b, c, counter] = [w, x, y, z]
    },
    shuffle: (values) => {
      for (let i = values.length - 1; i > 0; i--) {
        const j = random.int(i + 1)
        const held = values[i]
        values[i] = values[j]
        values[j] = held
      }
      return values
    },
    sample: (n, k) => {
      if (k > n) throw new RangeError(`cannot draw ${k} of ${n} without replacement`)
      const values = Int32Array.from({ length: n }, (_, i) => i)
      for (let i = 0; i < k; i++) {
        const j = i + random.int(n - i)
        const held = values[i]
        values[i] = values[j]
        values[j] = held
      }
      return values.slice(0, k)
    },
  }
  return random
}

function seedWords(name: string): [number, number, number, number] {
  const digest = sha256(utf8ToBytes(name))
  const word = (i: number): number => digest[i] | (digest[i + 1] << 8) | (digest[i + 2] << 16) | (digest[i + 3] << 24) | 0
  return [word(0), word(4), word(8), 1]
}
