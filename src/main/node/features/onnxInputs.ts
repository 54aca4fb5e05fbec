import type { OnnxPort } from '@backends/onnx/model'
import { badInput } from '@engine/core/errors'
import type { Dataset } from '@engine/data/dataset'
import { gatherRows, sampleSize } from '@engine/data/gather'
import { shapeText } from '@engine/data/numericArray'
import { createResizer } from './resize'
import type { ExtractionSettings } from './settings'

/** The rows of a data set as the float input of a model: `count` samples from row `first` on. */
export type FloatInput = (first: number, count: number) => FloatFeed

export interface FloatFeed {
  readonly data: Float32Array
  readonly shape: readonly number[]
}

/** Images resized and normalised for an input n × c × h × w; other samples as they are, normalised. */
export function floatInput(port: OnnxPort, dataset: Dataset, settings: ExtractionSettings, name: string): FloatInput {
  const { shape } = dataset.train
  return dataset.kind === 'image' && port.shape.length === 4 && shape.length === 3
    ? imageInput(port, dataset, settings, name)
    : plainInput(port, dataset, settings, name)
}

function imageInput(port: OnnxPort, dataset: Dataset, settings: ExtractionSettings, name: string): FloatInput {
  const [channels, height, width] = dataset.train.shape
  const [, wanted, wantedHeight, wantedWidth] = port.shape
  // Where the model leaves it open, the normalisation tells.
  const newChannels = typeof wanted === 'number' ? wanted : settings.mean.length > 1 ? settings.mean.length : channels
  if (newChannels !== channels && channels !== 1)
    throw badInput(`${name} takes images of ${newChannels} channels; ${dataset.id} has ${channels}`, {
      file: name,
      found: `${channels} channels`,
      expected: `${newChannels} channels`,
    })
  const to = settings.size ?? [lengthOr(wantedHeight, height), lengthOr(wantedWidth, width)]
  for (const [axis, given] of [wantedHeight, wantedWidth].entries())
    if (typeof given === 'number' && given !== to[axis])
      throw badInput(`${name} takes images of ${shapeText([wantedHeight, wantedWidth] as number[])} pixels`, {
        file: name,
        path: 'size',
        found: shapeText(to),
        expected: shapeText([wantedHeight, wantedWidth] as number[]),
      })
  const { mean, std } = normalisation(settings, newChannels, name)
  const resize = createResizer([height, width], to, settings.filter)
  const read = rowReader(dataset, dataset.valueRange ?? 1)
  const area = to[0] * to[1]
  return (first, count) => {
    const planes = new Float32Array(count * channels * area)
    resize(read(first, count), planes)
    const data = new Float32Array(count * newChannels * area)
    for (let at = 0; at < data.length; at += area) {
      const c = (at / area) % newChannels
      // A grey image is the same in all channels.
      const source = channels === newChannels ? at : Math.floor(at / (newChannels * area)) * area
      for (let i = 0; i < area; i++) data[at + i] = (planes[source + i] - mean[c]) / std[c]
    }
    return { data, shape: [count, newChannels, ...to] }
  }
}

function plainInput(port: OnnxPort, dataset: Dataset, settings: ExtractionSettings, name: string): FloatInput {
  const { shape } = dataset.train
  const size = sampleSize(dataset.train)
  const wanted = port.shape.slice(1)
  const sample = wanted.length === 1 ? [size] : shape
  const fits = wanted.length === sample.length && wanted.every((length, i) => typeof length !== 'number' || length === sample[i])
  // A model that does not say what it takes will say so when it is run.
  if (port.shape.length > 0 && !fits)
    throw badInput(`${name} takes samples of ${wanted.join('×')}; those of ${dataset.id} are ${shapeText(shape)}`, {
      file: name,
      found: shapeText(shape),
      expected: wanted.join('×'),
    })
  const { mean, std } = normalisation(settings, size, name)
  const read = rowReader(dataset, 1)
  return (first, count) => {
    const data = read(first, count)
    for (let i = 0; i < data.length; i++) data[i] = (data[i] - mean[i % size]) / std[i % size]
    return { data, shape: [count, ...sample] }
  }
}

const lengthOr = (wanted: number | string, own: number): number => (typeof wanted === 'number' ? wanted : own)

/** Raw values of rows over a number; missing values of tables are refused where the features come out. */
function rowReader({ train }: Dataset, over: number): (first: number, count: number) => Float32Array {
  const scaling = { shift: Float64Array.of(0), scale: Float64Array.of(1 / over) }
  return (first, count) => {
    const data = new Float32Array(count * sampleSize(train))
    gatherRows({ pool: train, scaling, index: Int32Array.from({ length: count }, (_, i) => first + i) }, 0, count, data)
    return data
  }
}

function normalisation(
  { mean, std }: ExtractionSettings,
  length: number,
  name: string,
): { readonly mean: number[]; readonly std: number[] } {
  const spread = (values: readonly number[], fallback: number, path: string): number[] => {
    if (values.length <= 1) return new Array<number>(length).fill(values[0] ?? fallback)
    if (values.length === length) return [...values]
    throw badInput(`${name}: ${values.length} values of ${path} for ${length} channels`, {
      path,
      found: String(values.length),
      expected: `1 or ${length}`,
    })
  }
  return { mean: spread(mean, 0, 'mean'), std: spread(std, 1, 'std') }
}
