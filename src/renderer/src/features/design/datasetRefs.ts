import { datasetName } from '@engine/study/consistency'
import { isRecord } from '@engine/study/paths'

/** A data set as a study writes it, in a word; empty for what is none. */
export function refName(ref: unknown): string {
  if (typeof ref === 'string') return ref
  if (!isRecord(ref)) return ''
  const { name, inputs, id, classes } = ref
  if (typeof name === 'string') return name
  if (typeof inputs === 'string') return datasetName({ inputs, labels: '' })
  const taken = Array.isArray(classes) ? classes.filter((label) => typeof label === 'number' || typeof label === 'string') : []
  return typeof id === 'string' ? datasetName({ id, classes: taken }) : ''
}

/** Names of the data sets of a study. */
export const refNames = (dataset: unknown): string[] => [dataset].flat().map(refName).filter(Boolean)
