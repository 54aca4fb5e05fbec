import type { RoundRecord } from '../study/events'
import type { ResultSet, RunResult } from '../study/results'
import type { Finding, MetricId } from '../study/spec'
import { interpolate } from './area'
import { finding, listed, nameOf } from './findingWords'
import { meanCurve, sharedRanges, type FinishedGroup } from './finished'
import { metricInfo } from './metricInfo'

/** A lead of fine-tuned features that the paper acts on (A§12.5). */
const largeLead = 0.03

/** Signs that a method with a proxy goes wrong (A§12.5): ignored fine-tuned features, training methods by turns, an early plateau. */
export function proxyFindings(results: ResultSet, dataset: string, groups: readonly FinishedGroup[], metric: MetricId): Finding[] {
  const proxies = groups.filter(({ runs }) => runs.some(hasProxy))
  if (proxies.length === 0) return []
  return [
    ...proxies.flatMap((group) => [...ignoredLead(dataset, group), ...oscillation(dataset, group)]),
    ...plateaus(results, dataset, groups, proxies, metric),
  ]
}

/** Whether a run chose by a proxy. */
export const hasProxy = ({ records }: RunResult): boolean =>
  records.some(({ proxyTimings, diagnostics }) => proxyTimings !== undefined || diagnostics.feature_update !== undefined)

/** How much better fine-tuned features fit the labels than those in use, in a check round. */
export const leadOf = ({ diagnostics }: Pick<RoundRecord, 'diagnostics'>): number | null =>
  diagnostics.logme_ped_delta ?? diagnostics.logme_delta ?? null

function ignoredLead(dataset: string, group: FinishedGroup): Finding[] {
  const ignored = group.runs.flatMap(({ records }) => {
    const lead = records.reduce((most, record) => Math.max(most, leadOf(record) ?? -Infinity), -Infinity)
    return lead > largeLead && records.every(({ diagnostics }) => diagnostics.feature_update !== 1) ? [lead] : []
  })
  if (ignored.length === 0) return []
  const most = Math.max(...ignored).toFixed(3)
  const message = `${nameOf(group)} never took over fine-tuned features on ${dataset}, though they led by up to ${most} nats per sample in ${partOf(ignored, group)}: it goes on choosing by features that fit the labels worse`
  return [finding('warning', 'large-difference-without-update', group.strategy, message, 'lower tau, or allow an update')]
}

function oscillation(dataset: string, group: FinishedGroup): Finding[] {
  const swings = group.runs.flatMap(({ records }) => {
    const methods = records.flatMap(({ diagnostics }) => diagnostics.tuning ?? [])
    const turns = methods.filter((method, i) => i > 0 && method !== methods[i - 1]).length
    return turns > 1 ? [turns] : []
  })
  if (swings.length === 0) return []
  const message = `${nameOf(group)} went back and forth between LP-FT and FT on ${dataset}, up to ${Math.max(...swings)} times in ${partOf(swings, group)}: the evidence for either is weak`
  return [finding('warning', 'oscillating-tuning', group.strategy, message, 'fix the method, or switch by score')]
}

const partOf = (some: readonly unknown[], { runs }: FinishedGroup): string =>
  `${some.length} of ${runs.length} run${runs.length === 1 ? '' : 's'}`

/** Gains nothing that counts in the second half of the shared budgets, while another strategy does and ends ahead. */
function plateaus(
  { stats }: ResultSet,
  dataset: string,
  groups: readonly FinishedGroup[],
  proxies: readonly FinishedGroup[],
  metric: MetricId,
): Finding[] {
  const range = sharedRanges(groups).get(dataset) ?? null
  if (range === null) return []
  const middle = (range.from + range.to) / 2
  const { higherIsBetter, label } = metricInfo[metric]
  const sign = higherIsBetter ? 1 : -1
  const courses = groups.flatMap((group) => {
    const { labels, values } = meanCurve(group.curves)
    // A line between two evaluations says nothing about its middle.
    if (labels.filter((at) => at >= range.from && at <= range.to).length < 3) return []
    const [half, end] = [middle, range.to].map((at) => interpolate(labels, values, at))
    return half === null || end === null ? [] : [{ group, gain: sign * (end - half), end: sign * end }]
  })
  return courses.flatMap(({ group, gain, end }) => {
    if (!proxies.includes(group) || gain > stats.rope) return []
    const ahead = courses.filter((other) => other.gain > stats.rope && other.end > end + stats.rope).map((other) => nameOf(other.group))
    if (ahead.length === 0) return []
    const message = `${nameOf(group)} gains no more than ${stats.rope} in ${label} after ${Math.round(middle)} labels on ${dataset}, while ${listed(ahead)} goes on and ends ahead: its features may be exhausted`
    return [finding('warning', 'early-plateau', group.strategy, message, 'renew the features earlier, or check more often')]
  })
}
