/**
 * A text as hashed word features (length `out.length`, added to what is there): lower-case words and pairs of neighbours, each
 * hashed to a place and a sign (Weinberger et al. 2009), counts dampened to sign · (1 + ln count) per place, rows of unit length.
 * The inverse document frequencies come with a study's scaling, which knows the pool.
 */
export function hashText(text: string, out: Float32Array | Float64Array): void {
  const words = text.toLowerCase().match(word) ?? []
  let previous = ''
  for (const current of words) {
    count(current, out)
    if (previous !== '') count(`${previous} ${current}`, out)
    previous = current
  }
  let norm = 0
  for (let j = 0; j < out.length; j++) {
    if (out[j] === 0) continue
    out[j] = Math.sign(out[j]) * (1 + Math.log(Math.abs(out[j])))
    norm += out[j] * out[j]
  }
  if (norm > 0) for (let j = 0, scale = 1 / Math.sqrt(norm); j < out.length; j++) out[j] *= scale
}

const word = /[\p{L}\p{N}]+(?:['’][\p{L}]+)?/gu

function count(term: string, out: Float32Array | Float64Array): void {
  const hash = hashTerm(term)
  out[(hash >>> 1) % out.length] += hash & 1 ? 1 : -1
}

/** FNV-1a over UTF-16 code units with a final mix, so that all bits depend on all characters. */
function hashTerm(term: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < term.length; i++) {
    hash = Math.imul(hash ^ (term.charCodeAt(i) & 0xff), 0x01000193)
    hash = Math.imul(hash ^ (term.charCodeAt(i) >>> 8), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
