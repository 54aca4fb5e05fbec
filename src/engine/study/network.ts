import { layersOf } from '../nn/architectures'
import { createModel } from '../nn/createModel'
import type { LayerSpec, Model } from '../nn/model'
import type { Setting } from './setting'

/** The untrained network of a run; `own` are the layers of one that is not the study's, and the shape of the rows it reads. */
export function modelOf(
  { spec, deps, classes, extras }: Setting,
  own?: { readonly layers: readonly LayerSpec[]; readonly inputShape: readonly number[] },
): Model {
  const inputShape = own?.inputShape ?? deps.dataset.train.shape
  const config = {
    layers: own?.layers ?? layersOf(spec.model, inputShape, classes, deps.backbone),
    ...(deps.backbone === undefined ? {} : { backbone: deps.backbone }),
    init: spec.model.init,
    inputShape,
    classes,
    ...(extras.auxiliary === undefined ? {} : { auxiliary: extras.auxiliary }),
    now: () => deps.clock.ticks(),
    ...(deps.breathe === undefined ? {} : { pause: deps.breathe }),
  }
  return (deps.createModel ?? createModel)(config, deps.executor)
}
