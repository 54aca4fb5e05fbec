import type { SummaryRow } from '@engine/analysis/summary'
import { count, fixed, signed } from '@/composables/format'

type Saving = Pick<SummaryRow, 'ssr' | 'ssrBounded' | 'ssrLo' | 'ssrHi' | 'ssrCensored' | 'ssrAt'>

const percent = (ratio: number): string => `${signed(100 * ratio, 0)} %`

/** Labels that the baseline needs: `352 (+60 %)`; `over 220` or `≥ 352 (+60 %)` where its curve ends before it gets there. */
export function neededLabels({ ssr, ssrCensored, ssrAt }: Saving): string {
  if (ssr === null || ssrAt === null) return '–'
  const labels = count(Math.round(ssrAt * (1 + ssr)))
  if (ssrCensored && ssr <= 0) return `over ${labels}`
  return `${ssrCensored ? '≥ ' : ''}${labels} (${percent(ssr)})`
}

/** The share of the baseline's labels that is saved: `38 %`; `≥ 38 %` where its curve ends before it gets there, nothing where that says nothing. */
export function savedShare({ ssrBounded, ssrCensored }: Saving): string {
  if (ssrBounded === null || (ssrCensored && ssrBounded <= 0)) return '–'
  return `${ssrCensored ? '≥ ' : ''}${fixed(100 * ssrBounded, 0)} %`
}

/** Its interval; an end beyond the baseline's curve is open. */
export function savingInterval({ ssrLo, ssrHi }: Saving): string {
  if (ssrLo === null && ssrHi === null) return '–'
  if (ssrHi === null) return ssrLo! <= 0 ? '–' : `≥ ${percent(ssrLo!)}`
  return ssrLo === null ? `≤ ${percent(ssrHi)}` : `${percent(ssrLo)}, ${percent(ssrHi)}`
}
