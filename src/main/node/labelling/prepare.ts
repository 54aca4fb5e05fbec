import { resolve } from 'node:path'
import type { Preparation } from '@contract/models'
import type { RunSpec } from '@engine/study/spec'
import { assignmentOf, makeMissingBackbones } from '../../lab/prepareBackbones'
import { featureAssignments, makeMissingFeatures } from '../../lab/prepareFeatures'
import type { ExperimentDependencies } from '../../lab/runExperiment'

/** What making a backbone and features takes. */
export type Preparer = Pick<ExperimentDependencies, 'models' | 'features' | 'datasets' | 'spawner' | 'clock'>

/** Makes the backbone that a session's study pre-trains and the features that its model reads, where they are missing. */
export async function prepareSession(
  spec: RunSpec,
  baseDir: string,
  { models, features, datasets, spawner, clock }: Preparer,
  tell: (step: Preparation) => void,
  signal: AbortSignal,
): Promise<void> {
  const ref = spec.model.type === 'finetune' ? spec.model.backbone : ''
  const pretraining =
    typeof ref === 'string'
      ? []
      : [
          assignmentOf(
            ref.pretrain,
            await datasets.facts(ref.pretrain.dataset, baseDir),
            { id: spec.backend, precision: spec.precision },
            baseDir,
          ),
        ]
  const how = { spawn: () => spawner.spawn(), now: clock.ticks, tell, signal }
  await makeMissingBackbones({ ids: {}, files: [], inputShape: [], pretraining }, { ...how, store: models, baseDir })
  await makeMissingFeatures(featureAssignments([{ spec }], baseDir, resolve), { ...how, store: features, files: spec.files })
}
