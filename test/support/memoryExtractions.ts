import type { LabEventName, LabEvents } from '@contract/commands'
import type { ExtractionRequest, ExtractionState, FeatureNetwork } from '@contract/features'
import type { Handlers } from '@contract/rpc'
import { libraryData } from './memoryContent'

const network = (id: string, reads: FeatureNetwork['reads'], bytes: number, settings: FeatureNetwork['settings']): FeatureNetwork => ({
  id,
  title: `${id}, self-supervised`,
  reads,
  width: 384,
  source: 'a paper',
  licence: 'Apache-2.0',
  bytes,
  hosts: ['huggingface.co'],
  isHere: false,
  settings,
})

export const memoryNetworks: readonly FeatureNetwork[] = [
  network('dinov2-small', 'images', 90e6, { size: [224, 224], mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }),
  network('all-minilm-l6-v2', 'texts', 91e6, {}),
]

/** Extractions in memory: the first start comes to 40 % and stays there, the next one finishes; two means are refused as a network would. */
export function memoryExtractions(
  emit: <E extends LabEventName>(event: E, payload: LabEvents[E]) => void,
): Pick<Handlers, 'features.networks' | 'features.extractions' | 'features.extract' | 'features.stop'> {
  const states = new Map<string, ExtractionState>()
  const change = (request: ExtractionRequest, to: Partial<ExtractionState>): null => {
    const known = states.get(request.dataset) ?? { phase: 'running', step: 'rows', done: 0, total: null }
    const state: ExtractionState = { ...known, error: null, etaMs: null, ...to, request }
    states.set(request.dataset, state)
    emit('features.changed', state)
    return null
  }
  const fault = {
    code: 'bad-input',
    message: 'model.onnx: 2 values of mean for 1 channels',
    details: { path: 'mean', found: '2' },
  } as const
  return {
    'features.networks': () => [...memoryNetworks],
    'features.extractions': () => [...states.values()],
    'features.extract': (request) => {
      const total = libraryData.find(({ id }) => id === request.dataset)?.rows ?? 1000
      if (request.mean?.length === 2) return change(request, { phase: 'failed', error: fault })
      if (states.get(request.dataset)?.phase === 'stopped') return change(request, { phase: 'done', done: total, total })
      return change(request, { phase: 'running', done: 0.4 * total, total, etaMs: 41_000 })
    },
    'features.stop': ({ dataset }) => {
      const state = states.get(dataset)
      return state === undefined ? null : change(state.request, { phase: 'stopped' })
    },
  }
}
