import { QuerentError } from '../core/errors'
import { layersOf } from '../nn/architectures'
import type { ProxyPlan } from '../strategies/contract'
import { strategies } from '../strategies/registry'
import { entryPath } from './entries'
import type { DatasetFacts } from './feasible'
import type { RunPlan } from './runHash'
import { keepsWeights } from './setting'
import type { Finding, Study } from './spec'

/** The proxy that chooses in a run; null where its model does. */
export const proxyOf = ({ strategy }: Pick<RunPlan, 'strategy'>): ProxyPlan | null =>
  strategies.get(strategy.id)?.proxy?.(strategy.params) ?? null

/** How a run is refused whose model is trained too rarely to carry anything on. */
export const carriedWeights = (id: string, weightStart: string): string =>
  `${id} trains the model where it is evaluated, each time from its start: weightStart ${weightStart} has nothing to go on from`
export const carriedWeightsDetails = { path: 'training.weightStart', expected: 'reinit-fresh, reinit-same or pretrained' } as const

/** What keeps a proxy from standing in for the model. */
export function proxyProblems(plan: RunPlan, study: Study, { name, shape, classes }: DatasetFacts): Finding[] {
  const proxy = proxyOf(plan)
  if (proxy === null) return []
  const findings: Finding[] = []
  const { weightStart } = plan.training
  if (keepsWeights(plan))
    findings.push({
      code: 'carried-weights',
      severity: 'error',
      ...carriedWeightsDetails,
      message: carriedWeights(plan.strategy.name, weightStart),
      found: weightStart,
    })
  try {
    if (proxy.network.on === 'inputs' && proxy.network.model !== null) layersOf(proxy.network.model, shape, classes)
  } catch (cause) {
    if (!(cause instanceof QuerentError)) throw cause
    findings.push({
      code: 'unfit-model',
      severity: 'error',
      path: `${entryPath(study, plan.strategy)}.proxy`,
      message: `${name}: ${cause.message}`,
      ...(cause.details.found === undefined ? {} : { found: cause.details.found }),
      expected: cause.details.expected ?? 'another proxy',
    })
  }
  return findings
}
