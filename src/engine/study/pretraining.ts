import { hashValue } from '../core/hash'
import { datasetName } from './consistency'
import { semanticsVersion, type PretrainSpec, type RunSpec } from './spec'

/** SHA-256 (hex) of everything that decides the weights of a pre-trained backbone. */
export function pretrainKey(
  spec: PretrainSpec,
  sourceSha256: string,
  { backend, precision }: Pick<RunSpec, 'backend' | 'precision'>,
): string {
  const { dataset: _, temperature, augment, ...rest } = spec
  const own = spec.method === 'simclr' ? { temperature } : { augment }
  return hashValue({ ...rest, ...own, source: sourceSha256, backend, precision, semanticsVersion })
}

/** A name for the library: `cnn-supervised-digits`. */
export const pretrainName = ({ model, method, dataset }: PretrainSpec): string =>
  `${model.type}-${method}-${datasetName(dataset)}`
    .replace(/[^a-z0-9._-]+/gi, '-')
    .replace(/-+$/, '')
    .slice(0, 90)
