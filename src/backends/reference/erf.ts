/**
 * The error function to about 1e-15: its Maclaurin series in the form without cancellation below 2, the continued fraction of the
 * complement from there on (Abramowitz & Stegun 7.1.6, 7.1.14).
 */
export function erf(x: number): number {
  const size = Math.abs(x)
  if (!(size < 6)) return Number.isNaN(x) ? x : Math.sign(x)
  return Math.sign(x) * (size < 2.5 ? series(size) : 1 - fraction(size))
}

const twoOverRootPi = 2 / Math.sqrt(Math.PI)

/** 2/√π · exp(−x²) · Σ 2ⁿ·x^(2n+1) / (1·3·…·(2n+1)): all terms are positive. */
function series(x: number): number {
  let term = x
  let sum = x
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return twoOverRootPi * Math.exp(-x * x) * sum
}

/** erfc(x) = exp(−x²)/√π · 1/(x + ½/(x + 1/(x + 1½/(x + …)))), from the inside out. */
function fraction(x: number): number {
  let tail = x
  for (let n = 60; n >= 1; n--) tail = x + n / 2 / tail
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * tail)
}
