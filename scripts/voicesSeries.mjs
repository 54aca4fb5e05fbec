// Makes resources/data's series of spoken prompts: node scripts/voicesSeries.mjs FOLDER [TARGET]
// FOLDER is /usr/share/asterisk/sounds with Debian's packages asterisk-core-sounds-{en,es,fr,it,ru}-wav (1.6.1-1).
// A row is 0.65 s of speech: 12 bands × 32 steps, log energies without the mean of their band in steps of 3 dB, as IDX bytes.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const languages = ['en', 'es', 'fr', 'it', 'ru']
const [bands, steps] = [12, 32]
const [hop, width, size, rate] = [160, 240, 256, 8000]
const [trainRows, testRows] = [320, 80] // of each class
const [lowest, highest] = [120, 3700] // Hz
const quietest = 45 // dB below the loudest frame of a prompt
const stepOf = 3 // dB

const mel = (hertz) => 1127 * Math.log(1 + hertz / 700)
const edges = Array.from({ length: bands + 2 }, (_, i) => mel(lowest) + ((mel(highest) - mel(lowest)) * i) / (bands + 1))
/** Triangles of the mel scale over the bins of the transform. */
const filters = Array.from({ length: bands }, (_, b) =>
  Float64Array.from({ length: size / 2 + 1 }, (_, bin) => {
    const at = mel((bin * rate) / size)
    return Math.max(0, Math.min((at - edges[b]) / (edges[b + 1] - edges[b]), (edges[b + 2] - at) / (edges[b + 2] - edges[b + 1])))
  }),
)
const taper = Float64Array.from({ length: width }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (width - 1)))
const turn = Array.from({ length: size }, (_, i) => [Math.cos((2 * Math.PI * i) / size), Math.sin((2 * Math.PI * i) / size)])

/** Samples of a WAV file of 16 bits, one channel. */
function readWave(file) {
  const bytes = readFileSync(file)
  let at = 12
  while (bytes.toString('latin1', at, at + 4) !== 'data') at += 8 + bytes.readUInt32LE(at + 4)
  const count = Math.min(bytes.readUInt32LE(at + 4), bytes.length - at - 8) >> 1
  return Float64Array.from({ length: count }, (_, i) => bytes.readInt16LE(at + 8 + 2 * i))
}

/** Energies of the bands in one frame, in dB. */
function energies(samples, start) {
  const power = new Float64Array(size / 2 + 1)
  for (let bin = 0; bin <= size / 2; bin++) {
    let [real, imaginary] = [0, 0]
    for (let i = 0; i < width; i++) {
      const [cosine, sine] = turn[(bin * i) % size]
      const value = taper[i] * samples[start + i]
      real += value * cosine
      imaginary -= value * sine
    }
    power[bin] = real * real + imaginary * imaginary
  }
  return filters.map((filter) => 10 * Math.log10(1 + filter.reduce((sum, weight, bin) => sum + weight * power[bin], 0)))
}

/** Rows of a prompt, without overlap: where at least half of the frames are speech. */
function rowsOf(file) {
  const samples = readWave(file)
  const frames = []
  for (let start = 0; start + width <= samples.length; start += hop) frames.push(energies(samples, start))
  const loudness = frames.map((frame) => Math.max(...frame))
  const loudest = Math.max(...loudness)
  const rows = []
  for (let first = 0; first + steps <= frames.length; first += steps) {
    const window = frames.slice(first, first + steps)
    if (window.filter((_, t) => loudness[first + t] > loudest - 25).length < steps / 2) continue
    const row = new Uint8Array(bands * steps)
    for (let b = 0; b < bands; b++) {
      const band = window.map((frame) => Math.max(frame[b], loudest - quietest))
      const mean = band.reduce((sum, value) => sum + value, 0) / steps
      band.forEach((value, t) => (row[b * steps + t] = Math.max(0, Math.min(15, Math.round((value - mean) / stepOf) + 8))))
    }
    rows.push(row)
  }
  return rows
}

const digest = (value) => createHash('sha256').update(value).digest('hex')
const byKey = (a, b) => (a.key < b.key ? -1 : 1)
const isSpeech = (name) => !/beep|tone|silence|monkeys/i.test(name)

/** Every row with its class. Prompts go to either part as a whole, so that no half of a sentence is in the other one. */
function collect(folder) {
  const parts = { train: [], test: [] }
  languages.forEach((language, label) => {
    const home = join(
      folder,
      readdirSync(folder).find((name) => name.startsWith(`${language}_`)),
    )
    const prompts = readdirSync(home, { recursive: true })
      .filter((name) => name.endsWith('.wav') && isSpeech(name))
      .map((name) => ({ name, key: digest(`${language}/${name}`) }))
      .sort(byKey)
    for (const [part, count] of Object.entries({ test: testRows, train: trainRows })) {
      const rows = []
      while (rows.length < count) {
        const { name, key } = prompts.shift()
        rowsOf(join(home, name)).forEach((values, i) => rows.push({ label, values, key: digest(`${key} ${i}`) }))
      }
      parts[part].push(...rows.slice(0, count))
    }
  })
  return parts
}

const idx = (dims, bytes) => {
  const head = Buffer.alloc(4 + 4 * dims.length)
  head.writeUInt32BE(0x0800 | dims.length)
  dims.forEach((dim, i) => head.writeUInt32BE(dim, 4 + 4 * i))
  return gzipSync(Buffer.concat([head, ...bytes]), { level: 9 })
}

const target = process.argv[3] ?? new URL('../resources/data/', import.meta.url).pathname
for (const [part, rows] of Object.entries(collect(process.argv[2]))) {
  rows.sort(byKey)
  const write = (what, dims, bytes) => writeFileSync(join(target, `voices-${part}-${what}-ubyte.gz`), idx(dims, bytes))
  write(
    'inputs-idx3',
    [rows.length, bands, steps],
    rows.map(({ values }) => values),
  )
  write('labels-idx1', [rows.length], [Uint8Array.from(rows, ({ label }) => label)])
}
