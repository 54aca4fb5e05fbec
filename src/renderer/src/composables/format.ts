const minus = '−'

/** A signed difference with a true minus; what would round to zero gets one digit more. */
export function signed(value: number, digits = 1): string {
  const shown = Math.abs(value) < 0.5 * 10 ** -digits && value !== 0 ? digits + 1 : digits
  return `${value < 0 ? minus : '+'}${Math.abs(value).toFixed(shown)}`
}

export const fixed = (value: number, digits = 1): string => value.toFixed(digits).replace('-', minus)

/** At most four digits, the usual way or with a power of ten. */
export const shortNumber = (value: number): string =>
  (value !== 0 && (Math.abs(value) < 0.001 || Math.abs(value) >= 1e5)
    ? value.toExponential(2)
    : String(Number(value.toPrecision(4)))
  ).replace('-', minus)

export const count = (value: number): string => value.toLocaleString('en-US')

/** Milliseconds as people say them: 850 ms · 12.4 s · 2 min 10 s · 3 h 05 min. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  const seconds = ms / 1000
  if (seconds < 59.95) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`
  const total = Math.round(seconds)
  if (total < 3600) return `${Math.floor(total / 60)} min${total % 60 ? ` ${total % 60} s` : ''}`
  const minutes = Math.round(total / 60)
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}

export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let scaled = value
  let unit = 0
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000
    unit++
  }
  return `${unit && scaled < 10 ? scaled.toFixed(1) : Math.round(scaled)} ${units[unit]}`
}

/** p-value as papers print it. */
export const pValue = (p: number): string => (p < 0.001 ? '< 0.001' : p < 0.01 ? p.toFixed(3) : p.toFixed(2))

export const stars = (p: number): string => (p < 0.001 ? '***' : p < 0.01 ? '**' : p < 0.05 ? '*' : 'n.s.')

const dayOf = (date: Date): number => Math.floor((date.getTime() - date.getTimezoneOffset() * 60_000) / 86_400_000)

/** When something happened, as short as it is clear. */
export function when(iso: string, now = new Date()): string {
  const date = new Date(iso)
  if (Number.isNaN(date.getTime())) return ''
  const time = date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
  const days = dayOf(now) - dayOf(date)
  if (days === 0) return `today, ${time}`
  if (days === 1) return `yesterday, ${time}`
  const sameYear = date.getFullYear() === now.getFullYear()
  return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', ...(sameYear ? {} : { year: 'numeric' }) })
}

export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`

/** With a capital and a full stop, as prose; code at the start keeps its case. */
export function sentence(text: string): string {
  const start = /^[a-z][a-z’']*(?=[\s:,;]|$)/.test(text) ? text[0].toUpperCase() + text.slice(1) : text
  return /[.!?…]$/.test(start) ? start : `${start}.`
}
