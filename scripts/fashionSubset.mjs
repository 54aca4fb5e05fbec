// Cuts resources/data's Fashion-MNIST subset from the full set: node scripts/fashionSubset.mjs [FOLDER]
// The first 6,000 training and the first 2,000 test images, in the order of the originals.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'

const source = process.argv[2] ?? '/usr/share/datasets/fashion-mnist'
const target = new URL('../resources/data/', import.meta.url)

for (const [part, count] of [
  ['train', 6000],
  ['t10k', 2000],
]) {
  for (const [file, header, sampleBytes] of [
    ['images-idx3-ubyte', 16, 784],
    ['labels-idx1-ubyte', 8, 1],
  ]) {
    const bytes = gunzipSync(readFileSync(join(source, `${part}-${file}.gz`))).subarray(0, header + count * sampleBytes)
    const head = Buffer.from(bytes)
    head.writeUInt32BE(count, 4)
    writeFileSync(new URL(`fashion-mnist-6k-${part}-${file}.gz`, target), gzipSync(head, { level: 9 }))
  }
}
