import { decode, encode, ExtensionCodec } from '@msgpack/msgpack'

/**
 * Plain values with typed arrays as one binary frame (MessagePack), for carriers without structured clone.
 * undefined members are dropped; `Uint8Array` is MessagePack's own binary type.
 */
const arrayTypes = { Int8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array }
const extension = new ExtensionCodec()
Object.values(arrayTypes).forEach((Type, index) =>
  extension.register({
    type: index,
    encode: (value) => (value instanceof Type ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : null),
    // A frame gives no alignment, so the bytes are copied.
    decode: (bytes) => new Type(bytes.slice().buffer),
  }),
)

export const encodeFrame = (value: unknown): Uint8Array<ArrayBuffer> => encode(value, { extensionCodec: extension, ignoreUndefined: true })

/** Throws a RangeError or TypeError on a frame that is not well-formed. */
export const decodeFrame = (frame: Uint8Array): unknown => decode(frame, { extensionCodec: extension })
