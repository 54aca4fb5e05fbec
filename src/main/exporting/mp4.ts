import { setImmediate } from 'node:timers/promises'
import { throwIfCancelled } from '@engine/core/errors'
import type { PixelFrames, Timing } from './animation'

/** Few, for every one is encoded; players are unsure of a picture that stays longer. */
export const framesPerSecond = 5
/** 10 (best) … 51; edges of dots are clean here */
const quantization = 20
/** 0 (small file) … 10 (quick) */
const speed = 8

/** H.264 in MP4 at a constant rate, times being multiples of 1 / `framesPerSecond`. */
export async function encodeMp4(
  { width, height, data }: PixelFrames,
  timing: Timing,
  { onProgress, signal }: { readonly onProgress?: (done: number) => void; readonly signal?: AbortSignal },
): Promise<Uint8Array> {
  const { default: encoders } = await import('h264-mp4-encoder')
  const encoder = await encoders.createH264MP4Encoder()
  try {
    Object.assign(encoder, { width, height, frameRate: framesPerSecond, quantizationParameter: quantization, speed })
    encoder.initialize()
    const bytes = 4 * width * height
    for (const [i, milliseconds] of timing.entries()) {
      const frame = data.subarray(i * bytes, (i + 1) * bytes)
      for (let n = Math.round((milliseconds / 1000) * framesPerSecond); n > 0; n--) encoder.addFrameRgba(frame)
      throwIfCancelled(signal)
      onProgress?.((i + 1) / timing.length)
      await setImmediate()
    }
    encoder.finalize()
    const file = encoder.FS.readFile(encoder.outputFilename)
    encoder.FS.unlink(encoder.outputFilename)
    return withoutDates(file)
  } finally {
    encoder.delete()
  }
}

const containers = new Set(['moov', 'trak', 'mdia'])
const dated = new Set(['mvhd', 'tkhd', 'mdhd'])

/** Sets the times of creation and change (ISO/IEC 14496-12 §8) to nothing, so that equal pictures give equal bytes. */
function withoutDates(file: Uint8Array): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const walk = (from: number, end: number): void => {
    for (let at = from; at + 8 <= end;) {
      const length = view.getUint32(at)
      const type = String.fromCharCode(...file.subarray(at + 4, at + 8))
      if (containers.has(type)) walk(at + 8, at + length)
      else if (dated.has(type)) file.fill(0, at + 12, at + 12 + (file[at + 8] === 1 ? 16 : 8))
      at += Math.max(8, length)
    }
  }
  walk(0, file.length)
  return file
}
