import { check, sameShape, showShape } from '../shapes'
import type { Primitive } from './primitive'

export const lookup: Primitive<'lookup'> = {
  shape: ([ids, table]) => {
    check(table.length === 2, 'lookup', () => `needs a table of rows, got ${showShape(table)}`)
    return [...ids, table[1]]
  },
  vjp: ({ inputs: [ids, table] }, cotangent, g) => [null, g.scatterAdd(ids, cotangent, table.shape[0])],
}

export const scatterAdd: Primitive<'scatterAdd'> = {
  shape: ([ids, rows], { size }) => {
    check(sameShape(ids, rows.slice(0, -1)), 'scatterAdd', () => `ids ${showShape(ids)} of rows ${showShape(rows)}`)
    return [size, rows[rows.length - 1]]
  },
  vjp: ({ inputs: [ids] }, cotangent, g) => [null, g.lookup(ids, cotangent)],
}
