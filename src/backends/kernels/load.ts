import { kernelsWasm } from './generated'

/** The compiled kernels over one memory; addresses are byte offsets in it. */
export interface Kernels {
  sgd(p: number, buffer: number, g: number, n: number, rate: number, momentum: number, nesterov: boolean, decay: number): void
  adam(
    p: number,
    m: number,
    v: number,
    g: number,
    n: number,
    beta1: number,
    beta2: number,
    rate: number,
    epsilon: number,
    decay: number,
    shrink: number,
  ): void
  widen(row: number, d: number, wide: number): void
  quantize(matrix: number, d: number, count: number, codes: number, stride: number, facts: number): void
  coarseDots(
    codes: number,
    stride: number,
    facts: number,
    own: number,
    rows: number,
    count: number,
    out: number,
    slack: number,
  ): void
  dots(matrix: number, d: number, wide: number, rows: number, count: number, out: number): void
}

let compiled: WebAssembly.Module | undefined

export function instantiateKernels(memory: WebAssembly.Memory): Kernels {
  compiled ??= new WebAssembly.Module(Buffer.from(kernelsWasm, 'base64'))
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as Kernels
}

export const pageBytes = 65536

/** Grows `memory` to at least `bytes`; views on the old buffer are detached by it. */
export function reserve(memory: WebAssembly.Memory, bytes: number): void {
  const missing = Math.ceil((bytes - memory.buffer.byteLength) / pageBytes)
  if (missing > 0) memory.grow(missing)
}
