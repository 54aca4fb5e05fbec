// Row-against-rows products for selection. The product of two float32 numbers is exact in float64, so only the additions round:
// with four running sums |error| ≤ (d / 4 + 3) · 2⁻⁵³ · Σ|aᵢbᵢ|.

/** Copies a float32 row of d numbers to float64. */
export function widen(row: usize, d: i32, wide: usize): void {
  for (let i = 0; i < d; i++) store<f64>(wide + ((<usize>i) << 3), <f64>load<f32>(row + ((<usize>i) << 2)))
}

/**
 * out[k] = ⟨row rows[k] of a float32 matrix of d columns, wide⟩, wide holding d float64 numbers.
 * Four running sums over i mod 4, the last d mod 4 products in the first, added as (s0 + s1) + (s2 + s3): the order of the plain
 * kernel, so that both give the same bits.
 */
export function dots(matrix: usize, d: i32, wide: usize, rows: usize, count: i32, out: usize): void {
  const whole = d & ~3
  for (let k = 0; k < count; k++) {
    let a = matrix + <usize>load<i32>(rows + ((<usize>k) << 2)) * <usize>d * 4
    let b = wide
    let front = f64x2.splat(0)
    let back = f64x2.splat(0)
    for (let i = 0; i < whole; i += 4) {
      front = f64x2.add(front, f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(a)), v128.load(b)))
      back = f64x2.add(back, f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(a, 8)), v128.load(b, 16)))
      a += 16
      b += 32
    }
    let first = f64x2.extract_lane(front, 0)
    for (let i = whole; i < d; i++) {
      first += <f64>load<f32>(a) * load<f64>(b)
      a += 4
      b += 8
    }
    const sum = first + f64x2.extract_lane(front, 1) + (f64x2.extract_lane(back, 0) + f64x2.extract_lane(back, 1))
    store<f64>(out + ((<usize>k) << 3), sum)
  }
}
