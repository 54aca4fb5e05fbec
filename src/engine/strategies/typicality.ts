import { squaredDistance } from '../core/linear'
import type { Matrix } from '../core/matrix'

/** One cluster, from which members are taken one by one. */
export interface Typicality {
  /** 1 / (mean distance to the nearest members that are left + 1e-5); 0 for a member that is alone */
  of(member: number): number
  /** Removes the most typical member that is left, the first of equals, and returns it. */
  take(): number
  left(): number
}

const floor = 1e-5

/**
 * Typicality of the rows `members` of `features` among each other (A§10.1): every member keeps a list of its nearest members, twice as
 * long as is asked for, which is measured again only when too many of them are gone. m members cost m² distances, a pick m list reads.
 */
export function openTypicality(
  { data, cols }: Matrix,
  members: Int32Array,
  { neighbours, squared }: { readonly neighbours: number; readonly squared: boolean },
): Typicality {
  const size = members.length
  const place = new Map(Array.from(members, (member, i) => [member, i]))
  const gone = new Uint8Array(size)
  const most = Math.min(2 * Math.min(neighbours, size >> 1), Math.max(0, size - 1))
  const nearest = new Int32Array(size * most)
  const distances = new Float64Array(size * most).fill(Infinity)
  const counts = new Int32Array(size)
  let left = size

  /** Puts j into i's list of nearest members. */
  const offer = (i: number, j: number, distance: number): void => {
    const start = i * most
    if (counts[i] === most && distance >= distances[start + most - 1]) return
    let at = counts[i] < most ? counts[i]++ : most - 1
    for (; at > 0 && distances[start + at - 1] > distance; at--) {
      distances[start + at] = distances[start + at - 1]
      nearest[start + at] = nearest[start + at - 1]
    }
    distances[start + at] = distance
    nearest[start + at] = j
  }
  const between = (i: number, j: number): number => squaredDistance(data, members[i] * cols, data, members[j] * cols, cols)
  for (let i = 1; most > 0 && i < size; i++) {
    for (let j = 0; j < i; j++) {
      const distance = between(i, j)
      offer(i, j, distance)
      offer(j, i, distance)
    }
  }

  const measure = (i: number): void => {
    counts[i] = 0
    for (let j = 0; j < size; j++) if (j !== i && gone[j] === 0) offer(i, j, between(i, j))
  }
  const typicality = (i: number): number => {
    const wanted = Math.min(neighbours, left >> 1)
    if (wanted === 0) return 0
    for (;;) {
      let found = 0
      let sum = 0
      for (let t = i * most; t < i * most + counts[i] && found < wanted; t++) {
        if (gone[nearest[t]] === 1) continue
        sum += squared ? distances[t] : Math.sqrt(distances[t])
        found++
      }
      if (found === wanted) return 1 / (sum / wanted + floor)
      measure(i)
    }
  }

  return {
    of: (member) => typicality(place.get(member) ?? -1),
    left: () => left,
    take() {
      let best = -1
      let highest = -Infinity
      for (let i = 0; i < size; i++) {
        if (gone[i] === 1) continue
        const value = typicality(i)
        if (value > highest) [best, highest] = [i, value]
      }
      gone[best] = 1
      left--
      return members[best]
    },
  }
}
