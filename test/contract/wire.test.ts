import { describe, expect, it } from 'vitest'
import { decodeFrame, encodeFrame } from '@contract/wire'

describe('binary frames', () => {
  it('survive any prefix of a frame without crashing', () => {
    const frame = encodeFrame({ a: new Float32Array([1, 2]), b: ['x', null, true, -1.5, 2 ** 40] })
    for (let cut = 0; cut < frame.length; cut++) expect(() => decodeFrame(frame.slice(0, cut))).toThrow()
  })

  it('refuse a typed array whose bytes do not fill it', () => {
    const frame = encodeFrame({ a: new Float64Array([1]) })
    // ext 8: length, type, data. Three bytes are no double.
    const torn = Uint8Array.from([0x81, 0xa1, 0x61, 0xc7, 3, 7, 1, 2, 3])
    expect(decodeFrame(frame)).toEqual({ a: new Float64Array([1]) })
    expect(() => decodeFrame(torn)).toThrow()
  })
})
