// Optimisers over flat float32 arrays, in place. Lengths are multiples of 4 and addresses of 16 bytes: the store pads both.
// Gradients and state that would decay into denormals become 0, because denormal arithmetic is several times slower.

const FLOATS: i32 = 4
const BYTES: i32 = 16
const LEAST_GRADIENT: f32 = 1e-18
const LEAST_STATE: f32 = 1e-30

function flush(value: v128, least: v128): v128 {
  return v128.and(value, f32x4.gt(f32x4.abs(value), least))
}

/**
 * One step of SGD as torch defines it: d = g + decay·p; b ← momentum·b + d; p ← p − rate·(nesterov ? d + momentum·b : b).
 */
export function sgd(p: usize, buffer: usize, g: usize, n: i32, rate: f32, momentum: f32, nesterov: bool, decay: f32): void {
  const leastGradient = f32x4.splat(LEAST_GRADIENT)
  const leastState = f32x4.splat(LEAST_STATE)
  const rates = f32x4.splat(rate)
  const momenta = f32x4.splat(momentum)
  const decays = f32x4.splat(decay)
  for (let i = 0; i < n; i += FLOATS) {
    const weight = v128.load(p)
    let d = flush(v128.load(g), leastGradient)
    d = f32x4.add(d, f32x4.mul(decays, weight))
    if (momentum != 0) {
      const b = flush(f32x4.add(f32x4.mul(momenta, v128.load(buffer)), d), leastState)
      v128.store(buffer, b)
      d = nesterov ? f32x4.add(d, f32x4.mul(momenta, b)) : b
    }
    v128.store(p, f32x4.sub(weight, f32x4.mul(rates, d)))
    p += BYTES
    buffer += BYTES
    g += BYTES
  }
}

/**
 * One step of Adam with the factors (1 − β) of the moments taken out and put into the scalars:
 * d = g + decay·p; m ← β₁·m + d; v ← β₂·v + d²; p ← shrink·p − rate·m / (√v + epsilon).
 */
export function adam(
  p: usize,
  m: usize,
  v: usize,
  g: usize,
  n: i32,
  beta1: f32,
  beta2: f32,
  rate: f32,
  epsilon: f32,
  decay: f32,
  shrink: f32,
): void {
  const leastGradient = f32x4.splat(LEAST_GRADIENT)
  const leastState = f32x4.splat(LEAST_STATE)
  const betas1 = f32x4.splat(beta1)
  const betas2 = f32x4.splat(beta2)
  const rates = f32x4.splat(rate)
  const epsilons = f32x4.splat(epsilon)
  const decays = f32x4.splat(decay)
  const shrinks = f32x4.splat(shrink)
  for (let i = 0; i < n; i += FLOATS) {
    const weight = v128.load(p)
    const d = f32x4.add(flush(v128.load(g), leastGradient), f32x4.mul(decays, weight))
    const first = flush(f32x4.add(f32x4.mul(betas1, v128.load(m)), d), leastState)
    const second = flush(f32x4.add(f32x4.mul(betas2, v128.load(v)), f32x4.mul(d, d)), leastState)
    v128.store(m, first)
    v128.store(v, second)
    const change = f32x4.div(f32x4.mul(rates, first), f32x4.add(f32x4.sqrt(second), epsilons))
    v128.store(p, f32x4.sub(f32x4.mul(shrinks, weight), change))
    p += BYTES
    m += BYTES
    v += BYTES
    g += BYTES
  }
}
