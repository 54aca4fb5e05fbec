/** Sums over all other points that t-SNE's repulsion needs. */
export interface Repulsion {
  /**
   * Writes Σⱼ qᵢⱼ²(yᵢ − yⱼ) to `force` (n × 2), with qᵢⱼ = 1 / (1 + ‖yᵢ − yⱼ‖²), and returns Σᵢ Σⱼ≠ᵢ qᵢⱼ. A cell seen under a ratio of
   * width to distance below `theta` counts as one point (Barnes & Hut 1986).
   */
  forces(positions: Float64Array, theta: number, force: Float64Array): number
}

/** Points that share one walk through the tree. */
const leafSize = 8
/** Bits per axis of a place on the Z-order curve, and levels of the tree. */
const depth = 16

/**
 * A Barnes–Hut tree over n points in the plane: points sorted along the Z-order curve, cells as ranges of them in preorder, so that a
 * walk needs no stack. The points of a leaf share the list of cells they see; arrays are reused from call to call.
 */
export function createRepulsion(n: number): Repulsion {
  const codes = new Uint32Array(n)
  const order = new Int32Array(n)
  const spareCodes = new Uint32Array(n)
  const spareOrder = new Int32Array(n)
  const x = new Float64Array(n)
  const y = new Float64Array(n)
  // A cell that splits has at least two children or hands its points down one level: at most `depth` cells per point in the worst case.
  let room = 4 * n + 64
  let cells = 0
  let from = new Int32Array(room)
  let to = new Int32Array(room)
  let after = new Int32Array(room)
  let isLeaf = new Uint8Array(room)
  let centerX = new Float64Array(room)
  let centerY = new Float64Array(room)
  let widthSquared = new Float64Array(room)
  const listX = new Float64Array(n)
  const listY = new Float64Array(n)
  const listMass = new Float64Array(n)

  function grow(): void {
    room *= 2
    from = longer(from, room)
    to = longer(to, room)
    after = longer(after, room)
    isLeaf = longer(isLeaf, room)
    centerX = longer(centerX, room)
    centerY = longer(centerY, room)
    widthSquared = longer(widthSquared, room)
  }

  /** Makes the cell of sorted points start … end − 1 and those below it. */
  function makeCell(start: number, end: number, level: number, size: number): void {
    if (cells === room) grow()
    const own = cells++
    let sumX = 0
    let sumY = 0
    for (let i = start; i < end; i++) {
      sumX += x[i]
      sumY += y[i]
    }
    from[own] = start
    to[own] = end
    centerX[own] = sumX / (end - start)
    centerY[own] = sumY / (end - start)
    widthSquared[own] = size * size
    isLeaf[own] = end - start <= leafSize || level === depth ? 1 : 0
    if (isLeaf[own] === 0) {
      const shift = 2 * (depth - 1 - level)
      for (let i = start; i < end;) {
        const part = (codes[i] >>> shift) & 3
        let next = i + 1
        while (next < end && ((codes[next] >>> shift) & 3) === part) next++
        makeCell(i, next, level + 1, size / 2)
        i = next
      }
    }
    after[own] = cells
  }

  function build(positions: Float64Array): void {
    let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity]
    for (let i = 0; i < n; i++) {
      left = Math.min(left, positions[2 * i])
      right = Math.max(right, positions[2 * i])
      bottom = Math.min(bottom, positions[2 * i + 1])
      top = Math.max(top, positions[2 * i + 1])
    }
    const size = Math.max(right - left, top - bottom, 1e-300) * (1 + 1e-9)
    const scale = 2 ** depth / size
    for (let i = 0; i < n; i++) {
      codes[i] = (spread((positions[2 * i] - left) * scale) | (spread((positions[2 * i + 1] - bottom) * scale) << 1)) >>> 0
      order[i] = i
    }
    sortByCode(codes, order, spareCodes, spareOrder)
    for (let i = 0; i < n; i++) {
      x[i] = positions[2 * order[i]]
      y[i] = positions[2 * order[i] + 1]
    }
    cells = 0
    makeCell(0, n, 0, size)
  }

  /** Fills the list with the cells and points that the points of a leaf see; returns its length. */
  function look(leaf: number, threshold: number): number {
    let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity]
    for (let i = from[leaf]; i < to[leaf]; i++) {
      left = Math.min(left, x[i])
      right = Math.max(right, x[i])
      bottom = Math.min(bottom, y[i])
      top = Math.max(top, y[i])
    }
    let length = 0
    for (let c = 0; c < cells;) {
      const dx = centerX[c] < left ? left - centerX[c] : centerX[c] > right ? centerX[c] - right : 0
      const dy = centerY[c] < bottom ? bottom - centerY[c] : centerY[c] > top ? centerY[c] - top : 0
      if (widthSquared[c] < threshold * (dx * dx + dy * dy)) {
        listX[length] = centerX[c]
        listY[length] = centerY[c]
        listMass[length++] = to[c] - from[c]
        c = after[c]
      } else if (isLeaf[c] === 1) {
        for (let i = from[c]; i < to[c]; i++) {
          listX[length] = x[i]
          listY[length] = y[i]
          listMass[length++] = 1
        }
        c = after[c]
      } else c++
    }
    return length
  }

  return {
    forces(positions, theta, force) {
      build(positions)
      let total = 0
      for (let leaf = 0; leaf < cells; leaf++) {
        if (isLeaf[leaf] === 0) continue
        const length = look(leaf, theta * theta)
        for (let i = from[leaf]; i < to[leaf]; i++) {
          const ownX = x[i]
          const ownY = y[i]
          let forceX = 0
          let forceY = 0
          let sum = 0
          for (let t = 0; t < length; t++) {
            const dx = ownX - listX[t]
            const dy = ownY - listY[t]
            const q = 1 / (1 + dx * dx + dy * dy)
            const share = listMass[t] * q
            sum += share
            forceX += share * q * dx
            forceY += share * q * dy
          }
          force[2 * order[i]] = forceX
          force[2 * order[i] + 1] = forceY
          total += sum - 1 // the point met itself
        }
      }
      return total
    },
  }
}

function longer<A extends Int32Array | Uint8Array | Float64Array>(array: A, size: number): A {
  const next = new (array.constructor as new (size: number) => A)(size)
  next.set(array)
  return next
}

/** The low 16 bits of a number at every second place. */
function spread(value: number): number {
  let bits = value & 0xffff
  bits = (bits | (bits << 8)) & 0x00ff00ff
  bits = (bits | (bits << 4)) & 0x0f0f0f0f
  bits = (bits | (bits << 2)) & 0x33333333
  return (bits | (bits << 1)) & 0x55555555
}

/** Sorts both arrays by code, stably: two passes over 16 bits each. */
function sortByCode(codes: Uint32Array, order: Int32Array, spareCodes: Uint32Array, spareOrder: Int32Array): void {
  const counts = new Int32Array(65_537)
  for (const shift of [0, 16]) {
    counts.fill(0)
    for (const code of codes) counts[((code >>> shift) & 0xffff) + 1]++
    for (let bucket = 1; bucket < counts.length; bucket++) counts[bucket] += counts[bucket - 1]
    for (let i = 0; i < codes.length; i++) {
      const at = counts[(codes[i] >>> shift) & 0xffff]++
      spareCodes[at] = codes[i]
      spareOrder[at] = order[i]
    }
    codes.set(spareCodes)
    order.set(spareOrder)
  }
}
