// Row-against-rows products for selection. The product of two float32 numbers is exact in float64, so only the additions round:
// with four running sums |error| ≤ (d / 4 + 3) · 2⁻⁵³ · Σ|aᵢbᵢ|.

/** Copies a float32 row of d numbers to float64. */
export function widen(row: usize, d: i32, wide: usize): void {
  for (let i = 0; i < d; i++) store<f64>(wide + ((<usize>i) << 3), <f64>load<f32>(row + ((<usize>i) << 2)))
}

function rowAt(matrix: usize, d: i32, rows: usize, k: i32): usize {
  return matrix + <usize>load<i32>(rows + ((<usize>k) << 2)) * <usize>d * 4
}

function step(sums: v128, a: usize, b: v128): v128 {
  return f64x2.add(sums, f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(a)), b))
}

/** The last d mod 4 products, and the four sums together. */
function finish(front: v128, back: v128, a: usize, b: usize, left: i32): f64 {
  let first = f64x2.extract_lane(front, 0)
  for (let i = 0; i < left; i++) first += <f64>load<f32>(a + ((<usize>i) << 2)) * load<f64>(b + ((<usize>i) << 3))
  return first + f64x2.extract_lane(front, 1) + (f64x2.extract_lane(back, 0) + f64x2.extract_lane(back, 1))
}

/**
 * out[k] = ⟨row rows[k] of a float32 matrix of d columns, wide⟩, wide holding d float64 numbers.
 * Four running sums over i mod 4, the last d mod 4 products in the first, added as (s0 + s1) + (s2 + s3): the order of the plain
 * kernel, so that both give the same bits. Four rows at a time: an addition waits for the one before it, but not for other rows.
 */
export function dots(matrix: usize, d: i32, wide: usize, rows: usize, count: i32, out: usize): void {
  const whole = d & ~3
  const left = d - whole
  let k = 0
  for (; k + 4 <= count; k += 4) {
    let a0 = rowAt(matrix, d, rows, k)
    let a1 = rowAt(matrix, d, rows, k + 1)
    let a2 = rowAt(matrix, d, rows, k + 2)
    let a3 = rowAt(matrix, d, rows, k + 3)
    let b = wide
    let front0 = f64x2.splat(0)
    let front1 = f64x2.splat(0)
    let front2 = f64x2.splat(0)
    let front3 = f64x2.splat(0)
    let back0 = f64x2.splat(0)
    let back1 = f64x2.splat(0)
    let back2 = f64x2.splat(0)
    let back3 = f64x2.splat(0)
    for (let i = 0; i < whole; i += 4) {
      const low = v128.load(b)
      const high = v128.load(b, 16)
      front0 = step(front0, a0, low)
      back0 = step(back0, a0 + 8, high)
      front1 = step(front1, a1, low)
      back1 = step(back1, a1 + 8, high)
      front2 = step(front2, a2, low)
      back2 = step(back2, a2 + 8, high)
      front3 = step(front3, a3, low)
      back3 = step(back3, a3 + 8, high)
      a0 += 16
      a1 += 16
      a2 += 16
      a3 += 16
      b += 32
    }
    const to = out + ((<usize>k) << 3)
    store<f64>(to, finish(front0, back0, a0, b, left))
    store<f64>(to, finish(front1, back1, a1, b, left), 8)
    store<f64>(to, finish(front2, back2, a2, b, left), 16)
    store<f64>(to, finish(front3, back3, a3, b, left), 24)
  }
  for (; k < count; k++) {
    let a = rowAt(matrix, d, rows, k)
    let b = wide
    let front = f64x2.splat(0)
    let back = f64x2.splat(0)
    for (let i = 0; i < whole; i += 4) {
      front = step(front, a, v128.load(b))
      back = step(back, a + 8, v128.load(b, 16))
      a += 16
      b += 32
    }
    store<f64>(out + ((<usize>k) << 3), finish(front, back, a, b, left))
  }
}

function coarseStep(sums: v128, a: usize, b: v128): v128 {
  return f32x4.add(sums, f32x4.mul(v128.load(a), b))
}

function coarseFinish(sums: v128, a: usize, b: usize, left: i32): f64 {
  let sum = <f64>f32x4.extract_lane(sums, 0) + <f64>f32x4.extract_lane(sums, 1) + <f64>f32x4.extract_lane(sums, 2) + <f64>f32x4.extract_lane(sums, 3)
  for (let i = 0; i < left; i++) sum += <f64>load<f32>(a + ((<usize>i) << 2)) * <f64>load<f32>(b + ((<usize>i) << 2))
  return sum
}

/** As `dots` with four running sums in float32: |error| ≤ (d / 4 + 4) · 2⁻²⁴ · Σ|aᵢbᵢ|. Row `own` against the rows of the list. */
export function coarseDots(matrix: usize, d: i32, own: i32, rows: usize, count: i32, out: usize): void {
  const whole = d & ~3
  const left = d - whole
  const start = matrix + <usize>own * <usize>d * 4
  let k = 0
  for (; k + 4 <= count; k += 4) {
    let a0 = rowAt(matrix, d, rows, k)
    let a1 = rowAt(matrix, d, rows, k + 1)
    let a2 = rowAt(matrix, d, rows, k + 2)
    let a3 = rowAt(matrix, d, rows, k + 3)
    let b = start
    let sums0 = f32x4.splat(0)
    let sums1 = f32x4.splat(0)
    let sums2 = f32x4.splat(0)
    let sums3 = f32x4.splat(0)
    for (let i = 0; i < whole; i += 4) {
      const own4 = v128.load(b)
      sums0 = coarseStep(sums0, a0, own4)
      sums1 = coarseStep(sums1, a1, own4)
      sums2 = coarseStep(sums2, a2, own4)
      sums3 = coarseStep(sums3, a3, own4)
      a0 += 16
      a1 += 16
      a2 += 16
      a3 += 16
      b += 16
    }
    const to = out + ((<usize>k) << 3)
    store<f64>(to, coarseFinish(sums0, a0, b, left))
    store<f64>(to, coarseFinish(sums1, a1, b, left), 8)
    store<f64>(to, coarseFinish(sums2, a2, b, left), 16)
    store<f64>(to, coarseFinish(sums3, a3, b, left), 24)
  }
  for (; k < count; k++) {
    let a = rowAt(matrix, d, rows, k)
    let b = start
    let sums = f32x4.splat(0)
    for (let i = 0; i < whole; i += 4) {
      sums = coarseStep(sums, a, v128.load(b))
      a += 16
      b += 16
    }
    store<f64>(out + ((<usize>k) << 3), coarseFinish(sums, a, b, left))
  }
}
