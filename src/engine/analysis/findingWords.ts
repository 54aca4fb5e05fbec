import type { Finding } from '../study/spec'
import { cellTitle } from './factorWords'
import type { RunGroup } from './resultSet'

export const finding = (severity: Finding['severity'], code: string, path: string, message: string, fix?: string): Finding => ({
  code,
  severity,
  path,
  message,
  ...(fix === undefined ? {} : { fix }),
})

export const nameOf = ({ strategy, factors }: Pick<RunGroup, 'strategy' | 'factors'>): string => {
  const cell = cellTitle(factors)
  return cell === '' ? strategy : `${strategy} (${cell})`
}

export const listed = (names: readonly string[]): string =>
  names.length <= 4 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
