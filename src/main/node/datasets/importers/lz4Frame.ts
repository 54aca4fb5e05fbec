/** Unpacks an LZ4 frame (the container around LZ4 blocks) of `size` bytes; `block` unpacks one block. */
export function lz4Frame(frame: Uint8Array, size: number, block: (data: Uint8Array, size: number) => Uint8Array): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length)
  if (frame.length < 7 || view.getUint32(0, true) !== 0x184d2204) throw new RangeError('no LZ4 frame')
  const flags = frame[4]
  const isIndependent = (flags & 0x20) !== 0
  const hasBlockSum = (flags & 0x10) !== 0
  const most = 1 << (8 + 2 * ((frame[5] >> 4) & 7))
  const out = new Uint8Array(size)
  let at = 6 + (flags & 0x08 ? 8 : 0) + (flags & 0x01 ? 4 : 0) + 1
  let written = 0
  for (;;) {
    const word = view.getUint32(at, true)
    at += 4
    if (word === 0) break
    const length = word & 0x7fffffff
    if (at + length > frame.length) throw new RangeError('an LZ4 block beyond the end of its frame')
    const data = frame.subarray(at, at + length)
    if (word & 0x80000000) {
      if (written + length > size) throw new RangeError('an LZ4 frame larger than it says')
      out.set(data, written)
      written += length
    } else {
      if (!isIndependent && written > 0) throw new RangeError('LZ4 blocks that depend on each other are not read')
      const due = Math.min(most, size - written)
      out.set(block(data, due), written)
      written += due
    }
    at += length + (hasBlockSum ? 4 : 0)
  }
  if (written !== size) throw new RangeError(`${written} bytes were unpacked where ${size} are due`)
  return out
}
