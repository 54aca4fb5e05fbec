/** Fields of a protocol-buffer message, encoded; a message is their concatenation. */
export type Encoded = Uint8Array<ArrayBuffer>

const utf8 = new TextEncoder()

const varint = 0
const lengthDelimited = 2

/** An int32, int64 or enum field. */
export function integer(field: number, value: number): Encoded {
  return Uint8Array.from([...digits(tag(field, varint)), ...digits(value)])
}

export const text = (field: number, value: string): Encoded => bytes(field, utf8.encode(value))

/** A nested message made of its fields. */
export const message = (field: number, fields: readonly Encoded[]): Encoded => bytes(field, concatenate(fields))

export function bytes(field: number, payload: Uint8Array): Encoded {
  const head = [...digits(tag(field, lengthDelimited)), ...digits(payload.length)]
  const encoded = new Uint8Array(head.length + payload.length)
  encoded.set(head)
  encoded.set(payload, head.length)
  return encoded
}

export function concatenate(parts: readonly Encoded[]): Encoded {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

const tag = (field: number, wireType: number): number => field * 8 + wireType

/** Base-128 digits, lowest first, each but the last with the high bit set; negative numbers as 64-bit two's complement. */
function digits(value: number): number[] {
  let rest = BigInt.asUintN(64, BigInt(value))
  const result: number[] = []
  while (rest > 127n) {
    result.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  result.push(Number(rest))
  return result
}
