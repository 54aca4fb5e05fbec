import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { onnxBuilder } from '@backends/onnx/builder'
import type { Dataset } from '@engine/data/dataset'
import { createResizer, type ResizeFilter } from '@main/node/features/resize'
import { extractFeatures } from '@main/node/features/extract'
import { openFeatures } from '@main/node/features/files'
import { onnxNetwork, openOnnxMaker } from '@main/node/features/onnx'
import { extractionSettings, type ExtractionSettings } from '@main/node/features/settings'
import cases from '../../fixtures/resize.json'
import type { TextSource } from '@main/node/features/texts'
import { refusal } from '../../support/errors'
import { lookupModel } from '../../support/onnxText'

const folder = mkdtempSync(join(tmpdir(), 'querent-onnx-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const settingsOf = (given: Partial<ExtractionSettings> = {}): ExtractionSettings => extractionSettings.parse({ batch: 3, ...given })
const write = (name: string, bytes: Uint8Array | string): string => {
  writeFileSync(join(folder, name), bytes)
  return join(folder, name)
}

function setOf(kind: Dataset['kind'], shape: readonly number[], rows = 5, valueRange: number | null = null): Dataset {
  const size = shape.reduce((a, b) => a * b, 1)
  const data = valueRange === 255 ? new Uint8Array(rows * size) : new Float32Array(rows * size)
  for (let i = 0; i < data.length; i++) data[i] = valueRange === 255 ? (i * 7) % 256 : i / 8
  const train = { data, rows, shape, labels: new Int32Array(rows) }
  return { id: 'made', kind, classNames: ['a', 'b'], train, test: null, valueRange, sha256: 'f'.repeat(64) }
}

async function featuresOf(
  model: string,
  dataset: Dataset,
  settings = settingsOf(),
  texts: TextSource | null = null,
  tokenizer?: string,
): Promise<number[][]> {
  const maker = await openOnnxMaker({ model, settings, dataset, texts, threads: 1, ...(tokenizer === undefined ? {} : { tokenizer }) })
  try {
    const rows: number[][] = []
    for (let first = 0; first < dataset.train.rows; first += maker.batch) {
      const { data, width } = await maker.make(first, Math.min(maker.batch, dataset.train.rows - first))
      for (let at = 0; at < data.length; at += width) rows.push([...data.subarray(at, at + width)])
    }
    return rows
  } finally {
    await maker.dispose()
  }
}

/** Means of the planes of an image, times 10: input n × c × h × w with a fixed batch. */
function planeMeans(batch: number, channels: number, size: number): Uint8Array {
  const builder = onnxBuilder()
  const images = builder.input('pixels', [batch, channels, size, size])
  const means = builder.node('ReduceMean', [images, builder.integers([2, 3])], { keepdims: 0 })
  builder.output('features', builder.node('Mul', [means, builder.scalar(10)]), [batch, channels])
  return builder.encode()
}

/** x · W for a fixed batch of vectors. */
function linearModel(batch: number, weights: readonly number[], width: number): Uint8Array {
  const builder = onnxBuilder()
  const rows = weights.length / width
  builder.output('y', builder.node('MatMul', [builder.input('x', [batch, rows]), builder.floats([rows, width], weights)]), [batch, width])
  return builder.encode()
}

describe('resized images', () => {
  it.each(cases.map((one): [string, (typeof cases)[number]] => [`${one.from.join('×')} to ${one.to.join('×')}, ${one.filter}`, one]))(
    '%s are as torch makes them with antialiasing',
    (_, { from, to, filter, planes, expected }) => {
      const out = new Float32Array(expected.length)
      createResizer(from as [number, number], to as [number, number], filter as ResizeFilter)(Float32Array.from(planes), out)
      expected.forEach((value, i) => expect(out[i]).toBeCloseTo(value, 5))
    },
  )
})

describe('a model of images', () => {
  const model = write('means.onnx', planeMeans(4, 3, 8))

  it('gets pixels in [0, 1], grey in all channels, resized and normalised; a last batch that is not full is filled up', async () => {
    const dataset = setOf('image', [1, 4, 4], 5, 255)
    const found = await featuresOf(model, dataset, settingsOf({ mean: [0.5, 0, 0], std: [0.5, 1, 2] }))
    expect(found).toHaveLength(5)
    found.forEach((row, i) => {
      // Enlarging a square by whole steps keeps the mean of its pixels where weights are symmetric.
      const pixels = dataset.train.data.subarray(i * 16, i * 16 + 16) as Uint8Array
      const mean = pixels.reduce((a, b) => a + b, 0) / 16 / 255
      const expected = [(10 * (mean - 0.5)) / 0.5, 10 * mean, (10 * mean) / 2]
      expected.forEach((value, c) => expect(row[c]).toBeCloseTo(value, 4))
    })
  })

  it('fills the store, stops and goes on', async () => {
    const dataset = setOf('image', [3, 8, 8], 9, 255)
    const settings = settingsOf()
    const { network, backboneSha256 } = await onnxNetwork({ model, settings, texts: null })
    const abort = new AbortController()
    const request = {
      store: join(folder, 'store'),
      dataset: { name: 'made', sha256: dataset.sha256, rows: 9 },
      network,
      facts: { name: 'means', backboneSha256, source: 'ONNX model means.onnx', settings },
      open: () => openOnnxMaker({ model, settings, dataset, texts: null, threads: 1 }),
      ticks: () => performance.now(),
    }
    const stop = extractFeatures({ ...request, signal: abort.signal, onProgress: ({ rows }) => rows === 4 && abort.abort() })
    expect((await refusal(() => stop)).code).toBe('cancelled')
    const stored = await extractFeatures(request)
    expect(stored).toMatchObject({ rows: 9, width: 3, backboneSha256 })
    expect(stored.forwardMs).toBeGreaterThan(0)
    const open = openFeatures(request.store, stored)
    const direct = await featuresOf(model, dataset)
    expect([...open.read(Int32Array.of(8)).data]).toEqual(direct[8])
    open.dispose()
  })

  it.each<[string, Dataset, Partial<ExtractionSettings>, string]>([
    ['other colours', setOf('image', [2, 4, 4]), {}, 'takes images of 3 channels; made has 2'],
    ['a size that the model does not take', setOf('image', [3, 4, 4]), { size: [16, 16] }, 'takes images of 8×8 pixels'],
    ['means for other channels', setOf('image', [3, 4, 4]), { mean: [1, 2] }, '2 values of mean for 3 channels'],
    ['an output that is not there', setOf('image', [3, 4, 4]), { output: 'feature' }, 'has no output "feature"'],
    ['vectors', setOf('vector', [10]), {}, 'takes samples of 3×8×8'],
  ])('is refused with %s', async (_, dataset, settings, reason) => {
    const error = await refusal(() => featuresOf(model, dataset, settingsOf(settings)))
    expect([error.code, error.message]).toEqual(['bad-input', expect.stringContaining(reason)])
  })

  it('that is no model is refused with what the runtime says', async () => {
    const broken = write('broken.onnx', Uint8Array.of(1, 2, 3))
    expect((await refusal(() => featuresOf(broken, setOf('image', [3, 8, 8])))).message).toContain(
      'broken.onnx: ONNX Runtime cannot use this model',
    )
  })
})

describe('models of vectors', () => {
  it('get the values as they are stored, or normalised', async () => {
    const model = write('linear.onnx', linearModel(2, [1, 0, 0, 1, 1, 1], 2))
    const dataset = setOf('vector', [3])
    expect((await featuresOf(model, dataset))[4]).toEqual([12 / 8 + 14 / 8, 13 / 8 + 14 / 8])
    expect((await featuresOf(model, dataset, settingsOf({ mean: [1], std: [2] })))[0][0]).toBeCloseTo((0 - 1) / 2 + (2 / 8 - 1) / 2, 6)
    const error = await refusal(() => featuresOf(model, setOf('vector', [4])))
    expect(error.message).toBe('linear.onnx takes samples of 3; those of made are 4')
  })
})

describe('models of texts', () => {
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]'].map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [],
      special_tokens: { '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] }, '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] } },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: { '[PAD]': 0, '[UNK]': 1, '[CLS]': 2, '[SEP]': 3, good: 4, bad: 5, film: 6, '##s': 7 },
    },
  }
  mkdirSync(join(folder, 'text', 'onnx'), { recursive: true })
  const model = write(
    'text/onnx/model.onnx',
    lookupModel(
      Float32Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? i / 2 : 100)),
      2,
    ),
  )
  const words = ['Good films', 'bad', 'GOOD good good film!', '', 'film']
  const texts: TextSource = (rows) => Promise.resolve(rows.map((row) => words[row]))
  const dataset = setOf('text', [4])

  it('read tokens, and their mean leaves padding out', async () => {
    expect((await refusal(() => featuresOf(model, dataset, settingsOf(), texts))).message).toContain('needs the tokenizer.json')
    write('text/tokenizer.json', JSON.stringify(tokenizer))
    const mean = (...ids: number[]): number => ids.reduce((a, b) => a + b, 0) / ids.length
    const found = await featuresOf(model, dataset, settingsOf(), texts)
    expect(found.map(([first]) => first)).toEqual(
      [mean(2, 4, 6, 7, 3), mean(2, 5, 3), mean(2, 4, 4, 4, 6, 1, 3), mean(2, 3), mean(2, 6, 3)].map((value) => Math.fround(value)),
    )
    expect((await featuresOf(model, dataset, settingsOf({ pooling: 'first' }), texts)).map(([first]) => first)).toEqual([2, 2, 2, 2, 2])
    const short = await featuresOf(model, dataset, settingsOf({ maxTokens: 3 }), texts)
    expect(short[0][0]).toBe(mean(2, 4, 3))
  })

  it('are refused where there are no texts, and with a tokeniser that is none', async () => {
    expect((await refusal(() => featuresOf(model, dataset))).message).toContain('reads texts, and made has none')
    const wrong = write('wrong.json', '{"model": {"type": "Nothing"}}')
    expect((await refusal(() => featuresOf(model, dataset, settingsOf(), texts, wrong))).message).toContain(
      'no tokeniser can be made of this file',
    )
  })
})
