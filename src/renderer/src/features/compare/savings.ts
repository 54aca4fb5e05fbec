import type { SummaryRow } from '@engine/analysis/summary'
import { count, signed } from '@/composables/format'

type Saving = Pick<SummaryRow, 'ssr' | 'ssrLo' | 'ssrHi' | 'ssrCensored' | 'ssrAt'>

const percent = (ratio: number): string => `${signed(100 * ratio, 0)} %`

/** Labels that the baseline needs: `352 (+60 %)`; `over 220` or `≥ 352 (+60 %)` where its curve ends before it gets there. */
export function neededLabels({ ssr, ssrCensored, ssrAt }: Saving): string {
  if (ssr === null || ssrAt === null) return '–'
  const labels = count(Math.round(ssrAt * (1 + ssr)))
  if (ssrCensored && ssr <= 0) return `over ${labels}`
  return `${ssrCensored ? '≥ ' : ''}${labels} (${percent(ssr)})`
}

/** Its interval; an end beyond the baseline's curve is open. */
export function savingInterval({ ssrLo, ssrHi }: Saving): string {
  if (ssrLo === null && ssrHi === null) return '–'
  if (ssrHi === null) return ssrLo! <= 0 ? '–' : `≥ ${percent(ssrLo!)}`
  return ssrLo === null ? `≤ ${percent(ssrHi)}` : `${percent(ssrLo)}, ${percent(ssrHi)}`
}
