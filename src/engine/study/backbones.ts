import { layersOf, withoutHead } from '../nn/architectures'
import type { Trunk } from '../nn/backbone'
import type { LayerSpec } from '../nn/model'
import { backboneKey, variantsOf } from './expand'
import type { BackboneRef, ModelSpec, Study } from './spec'

/** Every backbone that the runs of a study fine-tune. */
export function studyBackbones(study: Study): BackboneRef[] {
  const found = new Map<string, BackboneRef>()
  for (const { plan } of variantsOf(study))
    if (plan.model.type === 'finetune') found.set(backboneKey(plan.model.backbone), plan.model.backbone)
  return [...found.values()]
}

/** What is known of backbones before the runs, by `backboneKey`. */
export type Trunks = Readonly<Record<string, Trunk>>

/**
 * The layers of a study's model for samples of a data set; null while nothing is known of its backbone. One that is still to be
 * pre-trained has the layers of its network.
 */
export function knownLayers(
  model: ModelSpec,
  { shape, classes }: { readonly shape: readonly number[]; readonly classes: number },
  trunks: Trunks,
): LayerSpec[] | null {
  if (model.type !== 'finetune') return layersOf(model, shape, classes)
  const { backbone } = model
  const known = trunks[backboneKey(backbone)]
  if (known !== undefined) return layersOf(model, shape, classes, known)
  if (typeof backbone === 'string') return null
  const layers = withoutHead(layersOf(backbone.pretrain.model, shape, classes))
  return layersOf(model, shape, classes, { name: 'of the study', layers, inputShape: shape })
}
