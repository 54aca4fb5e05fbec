import type { Random } from '@engine/core/random'

/** A stream that gives these uniform numbers and then fails; everything else is refused. */
export function scripted(draws: readonly number[]): Random {
  let used = 0
  const refuse = (): never => {
    throw new Error('the script has uniform draws only')
  }
  return {
    next() {
      if (used === draws.length) throw new Error(`more than ${draws.length} draws`)
      return draws[used++]
    },
    fork: refuse,
    int: refuse,
    normal: refuse,
    coins: refuse,
    shuffle: refuse,
    sample: refuse,
  }
}
