import type { SummaryRow } from '@engine/analysis/summary'
import { signed } from '@/composables/format'

type Saving = Pick<SummaryRow, 'ssr' | 'ssrLo' | 'ssrHi' | 'ssrCensored'>

const percent = (ratio: number): string => `${signed(100 * ratio, 0)} %`

/** `+60 %` labels, `≥ +60 %` where the baseline's curve ends first. */
export const atLeast = ({ ssr, ssrCensored }: Saving): string => (ssr === null ? '–' : `${ssrCensored ? '≥ ' : ''}${percent(ssr)}`)

/** Its interval; an end beyond the baseline's curve is open. */
export function savingInterval({ ssrLo, ssrHi }: Saving): string {
  if (ssrLo === null && ssrHi === null) return '–'
  if (ssrHi === null) return `≥ ${percent(ssrLo!)}`
  return ssrLo === null ? `≤ ${percent(ssrHi)}` : `${percent(ssrLo)}, ${percent(ssrHi)}`
}
