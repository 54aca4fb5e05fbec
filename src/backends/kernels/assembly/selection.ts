// Row-against-rows products for selection. The product of two float32 numbers is exact in float64, so only the additions round:
// with four running sums |error| ≤ (d / 4 + 3) · 2⁻⁵³ · Σ|aᵢbᵢ|.

/** Copies a float32 row of d numbers to float64. */
export function widen(row: usize, d: i32, wide: usize): void {
  for (let i = 0; i < d; i++) store<f64>(wide + ((<usize>i) << 3), <f64>load<f32>(row + ((<usize>i) << 2)))
}

/**
 * out[k] = ⟨row rows[k] of the n × d float32 matrix, wide⟩, wide holding d float64 numbers.
 * Four running sums s0…s3 over i mod 4, added as (s0 + s2) + (s1 + s3), then the last d mod 4 products in order.
 */
export function dots(matrix: usize, d: i32, wide: usize, rows: usize, count: i32, out: usize): void {
  const whole = d & ~3
  for (let k = 0; k < count; k++) {
    let a = matrix + <usize>load<i32>(rows + ((<usize>k) << 2)) * <usize>d * 4
    let b = wide
    let even = f64x2.splat(0)
    let odd = f64x2.splat(0)
    for (let i = 0; i < whole; i += 4) {
      even = f64x2.add(even, f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(a)), v128.load(b)))
      odd = f64x2.add(odd, f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(a, 8)), v128.load(b, 16)))
      a += 16
      b += 32
    }
    const both = f64x2.add(even, odd)
    let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1)
    for (let i = whole; i < d; i++) {
      sum += <f64>load<f32>(a) * load<f64>(b)
      a += 4
      b += 8
    }
    store<f64>(out + ((<usize>k) << 3), sum)
  }
}
