import type { Variant } from './expand'
import { isEvaluated } from './evaluated'
import { initialLabels, type DatasetCounts } from './feasible'
import { alignmentState, isCheckRound } from './featureAlignment'
import { entryPath } from './entries'
import { proxyOf } from './proxyProblems'
import type { RunPlan } from './runHash'
import type { Finding, Study } from './spec'

/** Objections to studies with proxies, and to budgets of evaluation; part of `lintStudy`. */
export function lintProxies(study: Study, variants: readonly Variant[], facts: readonly DatasetCounts[]): Finding[] {
  const found = new Map<string, Finding>()
  const add = (severity: Finding['severity'], code: string, path: string, message: string, fix: string): void => {
    if (!found.has(`${code} ${path}`)) found.set(`${code} ${path}`, { code, severity, path, message, fix })
  }
  for (const { plan } of variants) {
    const { model, data, protocol, strategy } = plan
    const labels = labelsOf(plan)
    const missed = (protocol.evaluateAt ?? []).filter((budget) => labels.length > 0 && !labels.includes(budget))
    if (missed.length > 0)
      add(
        'warning',
        'unreached-budget',
        'protocol.evaluateAt',
        `no round of ${strategy.name} has ${missed.join(', ')} labels: ${evaluatedText(plan, labels)}`,
        'name numbers of labels that rounds have',
      )
    const proxy = proxyOf(plan)
    if (proxy === null) continue
    const path = entryPath(study, plan.strategy)
    if (!protocol.evaluateAt && strategy.rounds > 1)
      add(
        'note',
        'evaluated-always',
        'protocol.evaluateAt',
        `${strategy.name} trains the model in every round to evaluate it: that time is outside active-learning time, but somebody waits for it`,
        'set protocol.evaluateAt to the numbers of labels that matter',
      )
    if (proxy.network.on === 'features' && model.type !== 'finetune' && !data.features)
      add(
        'note',
        'inputs-as-features',
        path,
        `${strategy.name} has no features to read: the inputs themselves stand in for them`,
        'fine-tune a backbone (model.type: finetune), or name a file in data.features',
      )
    const { alignment } = proxy
    if (alignment === undefined) continue
    if (alignment.method !== 'ft' && model.type !== 'finetune')
      add(
        'note',
        'no-head-first',
        path,
        `method ${alignment.method} of ${strategy.name} trains a head before its backbone, and this model has none: it is trained as a whole`,
        'set method: ft, or model.type: finetune',
      )
    const wantsChecks = alignment.tau !== Infinity && (alignment.updates > 0 || alignment.method === 'switch')
    if (labels.length > 0 && wantsChecks && checksOf(alignment, labels) === 0)
      add(
        'warning',
        'no-check',
        path,
        `no round of ${strategy.name} is a check round, so its features are never compared`,
        'run more rounds, or set checks to numbers of labels',
      )
    for (const { classes } of facts) {
      if (alignment.scoreOn === 'prequential' && protocol.query < 2 * classes)
        add(
          'note',
          'small-batch-scored',
          path,
          `features are compared on a batch of ${protocol.query} rows of ${classes} classes: classes with one row are left out`,
          'query more rows, or set scoreOn: heldout',
        )
    }
  }
  return [...found.values()]
}

/** Labels of the rounds of a run, as budgets count them; none where a file decides about the start. */
function labelsOf({ protocol, strategy }: RunPlan): number[] {
  if (protocol.dataStart === 'seeded' && protocol.initialSampling === 'file') return []
  const start = initialLabels(protocol) + protocol.validation
  return Array.from({ length: strategy.rounds + 1 }, (_, round) => start + round * protocol.query)
}

const evaluatedText = (plan: RunPlan, labels: readonly number[]): string =>
  `it is evaluated at ${labels.filter((labeled, round) => isEvaluated(plan, round, labeled)).join(', ')}`

function checksOf(alignment: Parameters<typeof isCheckRound>[0], labels: readonly number[]): number {
  const start = alignmentState([], 0)
  const checkedAt = labels.find((count) => count > 0) ?? 0
  return labels
    .slice(0, -1)
    .filter((count, i) => isCheckRound(alignment, { ...start, checkedAt, labeledBefore: labels[i - 1] ?? 0 }, count)).length
}
