/** Adam's constants, torch's defaults. */
export const adamConstants = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const

/**
 * Which of the two published directions Γ a sample's gradient g gives, with m' = β₁m + (1 − β₁)g and v' = β₂v + (1 − β₂)g² (A§8.1):
 * `paper` m̂/(√v̂ + ε) with bias correction, `code` m'/√(v' + ε) without.
 */
export type AdamForm = 'paper' | 'code'

/** m' = firstScale·m + gain·g and v' = secondScale·v + squareGain·g², corrected for the bias in the paper's form. */
export interface AdamTerms {
  readonly firstScale: number
  readonly secondScale: number
  readonly gain: number
  readonly squareGain: number
}

/** `step`: steps the moments have seen; the sample's own would be the next. */
export function adamTerms(form: AdamForm, step: number): AdamTerms {
  const { beta1, beta2 } = adamConstants
  const first = form === 'paper' ? 1 - beta1 ** (step + 1) : 1
  const second = form === 'paper' ? 1 - beta2 ** (step + 1) : 1
  return { firstScale: beta1 / first, secondScale: beta2 / second, gain: (1 - beta1) / first, squareGain: (1 - beta2) / second }
}

/** One number of Γ. */
export function adamDirection(form: AdamForm, terms: AdamTerms, m: number, v: number, g: number): number {
  const first = terms.firstScale * m + terms.gain * g
  const second = terms.secondScale * v + terms.squareGain * g * g
  const { epsilon } = adamConstants
  return first / (form === 'paper' ? Math.sqrt(second) + epsilon : Math.sqrt(second + epsilon))
}
