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

/** Numbers that a quantised row is described by: its step, the length of what it stands for, and the length of what is lost. */
const factsSize: usize = 24

/**
 * Rows of d float32 numbers as int8: the nearest of 255 even steps to the largest magnitude of the row, in `stride` bytes (a multiple
 * of 16, zeros at the end). Sums are in float32; 0.1 % is added to the lengths for their rounding.
 */
export function quantize(matrix: usize, d: i32, count: i32, codes: usize, stride: i32, facts: usize): void {
  for (let k = 0; k < count; k++) {
    const row = matrix + <usize>k * <usize>d * 4
    let largest: f32 = 0
    for (let i = 0; i < d; i++) largest = max<f32>(largest, abs<f32>(load<f32>(row + ((<usize>i) << 2))))
    // Below, squares would leave the range of float32: such a row is 0 and all of it is lost.
    const isTiny = largest < 1e-12
    const step: f32 = isTiny ? 0 : largest / 127
    const perStep: f32 = isTiny ? 0 : 127 / largest
    quantizeRow(row, d, step, perStep, codes + <usize>k * <usize>stride, stride, facts + <usize>k * factsSize)
  }
}

function quantizeRow(row: usize, d: i32, step: f32, perStep: f32, codes: usize, stride: i32, facts: usize): void {
  let squares = f32x4.splat(0)
  let lost = f32x4.splat(0)
  const steps = f32x4.splat(step)
  const inverse = f32x4.splat(perStep)
  const whole = d & ~15
  for (let i = 0; i < whole; i += 16) {
    const at = row + ((<usize>i) << 2)
    const a = v128.load(at)
    const b = v128.load(at, 16)
    const c = v128.load(at, 32)
    const e = v128.load(at, 48)
    const qa = f32x4.nearest(f32x4.mul(a, inverse))
    const qb = f32x4.nearest(f32x4.mul(b, inverse))
    const qc = f32x4.nearest(f32x4.mul(c, inverse))
    const qe = f32x4.nearest(f32x4.mul(e, inverse))
    const ra = f32x4.sub(a, f32x4.mul(qa, steps))
    const rb = f32x4.sub(b, f32x4.mul(qb, steps))
    const rc = f32x4.sub(c, f32x4.mul(qc, steps))
    const re = f32x4.sub(e, f32x4.mul(qe, steps))
    squares = f32x4.add(squares, f32x4.add(f32x4.add(f32x4.mul(qa, qa), f32x4.mul(qb, qb)), f32x4.add(f32x4.mul(qc, qc), f32x4.mul(qe, qe))))
    lost = f32x4.add(lost, f32x4.add(f32x4.add(f32x4.mul(ra, ra), f32x4.mul(rb, rb)), f32x4.add(f32x4.mul(rc, rc), f32x4.mul(re, re))))
    const low = i16x8.narrow_i32x4_s(i32x4.trunc_sat_f32x4_s(qa), i32x4.trunc_sat_f32x4_s(qb))
    const high = i16x8.narrow_i32x4_s(i32x4.trunc_sat_f32x4_s(qc), i32x4.trunc_sat_f32x4_s(qe))
    v128.store(codes + <usize>i, i8x16.narrow_i16x8_s(low, high))
  }
  let square = <f64>f32x4.extract_lane(squares, 0) + <f64>f32x4.extract_lane(squares, 1) + <f64>f32x4.extract_lane(squares, 2) + <f64>f32x4.extract_lane(squares, 3)
  let loss = <f64>f32x4.extract_lane(lost, 0) + <f64>f32x4.extract_lane(lost, 1) + <f64>f32x4.extract_lane(lost, 2) + <f64>f32x4.extract_lane(lost, 3)
  for (let i = whole; i < stride; i++) {
    if (i >= d) {
      store<i8>(codes + <usize>i, 0)
      continue
    }
    const a = load<f32>(row + ((<usize>i) << 2))
    const q = nearest<f32>(a * perStep)
    const r = <f64>a - <f64>q * <f64>step
    square += <f64>q * <f64>q
    loss += r * r
    store<i8>(codes + <usize>i, <i8>q)
  }
  if (step == 0) {
    // Tiny numbers vanish in float32 squares.
    loss = 0
    for (let i = 0; i < d; i++) {
      const a = <f64>load<f32>(row + ((<usize>i) << 2))
      loss += a * a
    }
  }
  const length = sqrt<f64>(square) * <f64>step * 1.001
  store<f64>(facts, <f64>step)
  store<f64>(facts, length, 8)
  // What products of float32 numbers round is at most 2⁻²³ of them.
  store<f64>(facts, sqrt<f64>(loss) * 1.001 + length * 2.4e-7, 16)
}

function coarseStep(sums: v128, a: v128, b: v128): v128 {
  // Two products of int8 numbers fit into int16: 2 · 127² < 2¹⁵.
  return i32x4.add(sums, i32x4.extadd_pairwise_i16x8_s(i16x8.add(i16x8.extmul_low_i8x16_s(a, b), i16x8.extmul_high_i8x16_s(a, b))))
}

function coarseFinish(sums: v128, facts: usize, own: usize, out: usize, slack: usize): void {
  const sum = i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3)
  const lost = load<f64>(facts, 16)
  const ownLost = load<f64>(own, 16)
  store<f64>(out, load<f64>(facts) * load<f64>(own) * <f64>sum)
  // ⟨a, b⟩ − ⟨â, b̂⟩ = ⟨a − â, b⟩ + ⟨â, b − b̂⟩
  store<f64>(slack, lost * (load<f64>(own, 8) + ownLost) + load<f64>(facts, 8) * ownLost)
}

function codeAt(codes: usize, stride: i32, row: i32): usize {
  return codes + <usize>row * <usize>stride
}

/**
 * out[k] ≈ the product of row `own` and row rows[k], off by at most slack[k]; from quantised rows. Exact in int32 up to 2¹⁷ columns.
 */
export function coarseDots(codes: usize, stride: i32, facts: usize, own: i32, rows: usize, count: i32, out: usize, slack: usize): void {
  const start = codeAt(codes, stride, own)
  const ownFacts = facts + <usize>own * factsSize
  let k = 0
  for (; k + 4 <= count; k += 4) {
    const r0 = load<i32>(rows + ((<usize>k) << 2))
    const r1 = load<i32>(rows + ((<usize>k) << 2), 4)
    const r2 = load<i32>(rows + ((<usize>k) << 2), 8)
    const r3 = load<i32>(rows + ((<usize>k) << 2), 12)
    const a0 = codeAt(codes, stride, r0)
    const a1 = codeAt(codes, stride, r1)
    const a2 = codeAt(codes, stride, r2)
    const a3 = codeAt(codes, stride, r3)
    let sums0 = i32x4.splat(0)
    let sums1 = i32x4.splat(0)
    let sums2 = i32x4.splat(0)
    let sums3 = i32x4.splat(0)
    for (let i = 0; i < stride; i += 16) {
      const b = v128.load(start + <usize>i)
      sums0 = coarseStep(sums0, v128.load(a0 + <usize>i), b)
      sums1 = coarseStep(sums1, v128.load(a1 + <usize>i), b)
      sums2 = coarseStep(sums2, v128.load(a2 + <usize>i), b)
      sums3 = coarseStep(sums3, v128.load(a3 + <usize>i), b)
    }
    const to = (<usize>k) << 3
    coarseFinish(sums0, facts + <usize>r0 * factsSize, ownFacts, out + to, slack + to)
    coarseFinish(sums1, facts + <usize>r1 * factsSize, ownFacts, out + to + 8, slack + to + 8)
    coarseFinish(sums2, facts + <usize>r2 * factsSize, ownFacts, out + to + 16, slack + to + 16)
    coarseFinish(sums3, facts + <usize>r3 * factsSize, ownFacts, out + to + 24, slack + to + 24)
  }
  for (; k < count; k++) {
    const r = load<i32>(rows + ((<usize>k) << 2))
    const a = codeAt(codes, stride, r)
    let sums = i32x4.splat(0)
    for (let i = 0; i < stride; i += 16) sums = coarseStep(sums, v128.load(a + <usize>i), v128.load(start + <usize>i))
    const to = (<usize>k) << 3
    coarseFinish(sums, facts + <usize>r * factsSize, ownFacts, out + to, slack + to)
  }
}
