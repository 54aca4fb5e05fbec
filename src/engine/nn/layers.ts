import { badInput } from '../core/errors'
import type { Shape } from '../graph/ir'
import { activation } from './layers/activation'
import { attention } from './layers/attention'
import { block } from './layers/block'
import { convolution } from './layers/convolution'
import { dense } from './layers/dense'
import type { Layer, Place, Planner, Planners } from './layers/layer'
import { normalization } from './layers/normalization'
import { pooling } from './layers/pooling'
import type { LayerKind, LayerSpec } from './model'

const planners: Planners<LayerKind['type']> = {
  ...dense,
  ...convolution,
  ...activation,
  ...pooling,
  ...normalization,
  ...attention,
  ...block,
}

/** The layers of a sequential network for samples of `inputShape`; the last one must be dense. Throws `bad-input` when they do not fit. */
export function planLayers(specs: readonly LayerSpec[], inputShape: Shape): Layer[] {
  const layers = planAll(specs, inputShape)
  if (specs.at(-1)?.type !== 'dense' || layers.at(-1)?.outputShape.length !== 1)
    throw badInput('the last layer of a model must be dense, and read vectors')
  return layers
}

/** Layers whatever the last of them is. */
export const planAll = (specs: readonly LayerSpec[], inputShape: Shape): Layer[] => planSequence('', specs, inputShape)

/** Layers called `<path><position>`, each fed with what the one before makes. */
function planSequence(path: string, specs: readonly LayerSpec[], inputShape: Shape): Layer[] {
  const layers: Layer[] = []
  for (const [index, spec] of specs.entries()) layers.push(planLayer(`${path}${index}`, spec, layers.at(-1)?.outputShape ?? inputShape))
  return layers
}

function planLayer<T extends LayerKind['type']>(name: string, spec: Extract<LayerKind, { type: T }>, shape: Shape): Layer {
  const place: Place = {
    name,
    shape,
    inner: (path, specs) => planSequence(`${path}.`, specs, shape),
    refuse: (expected) =>
      badInput(`layer ${name} (${spec.type}) needs ${expected}, but gets samples of shape ${shape.join(' × ')}`, {
        path: name,
        found: shape.join(' × '),
        expected,
      }),
  }
  return (planners[spec.type] as unknown as Planner<T>)(spec, place)
}
