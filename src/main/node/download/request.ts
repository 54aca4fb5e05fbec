import type { QuerentError } from '@engine/core/errors'

export interface Checksum {
  readonly algorithm: 'sha256' | 'md5'
  readonly hex: string
  /** the bytes that it belongs to: the file as it is sent, or what comes out when its gzip is unpacked */
  readonly of: 'file' | 'unpacked'
}

export interface DownloadRequest {
  /** what messages call it */
  readonly name: string
  /** http(s) addresses of the same content, tried in this order */
  readonly urls: readonly string[]
  /** absolute path of the finished file; until then `.part` and `.part.json` lie beside it */
  readonly file: string
  /** exact size where it is published */
  readonly bytes?: number
  /** a file that is or grows larger is refused; needed where `bytes` is not known */
  readonly mostBytes?: number
  readonly checksum?: Checksum
  /** Stops at once; what has come stays for the next call. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: DownloadProgress) => void
  readonly patience?: Patience
}

export interface DownloadProgress {
  readonly phase: 'receiving' | 'checking'
  readonly received: number
  /** null when the server does not tell */
  readonly total: number | null
  /** over the last seconds; null in the first moment */
  readonly bytesPerSecond: number | null
  readonly etaMs: number | null
}

export interface Downloaded {
  readonly file: string
  readonly bytes: number
  /** of the file as it lies on the disk: to be recorded where none is published */
  readonly sha256: string
  /** where it came from; null when it was there already */
  readonly url: string | null
}

/** How long a server may be silent, and how often it is asked again. */
export interface Patience {
  readonly stallMs: number
  /** failures in a row without a new byte */
  readonly retries: number
  /** wait before the first repetition; doubled for each further one */
  readonly backoffMs: number
}

export const usualPatience: Patience = { stallMs: 30_000, retries: 4, backoffMs: 1_000 }

/** Why an address did not give the file. */
export interface Failure {
  readonly error: QuerentError
  /** asking again may help */
  readonly again: boolean
  /** the server says when to ask again */
  readonly afterMs?: number
}
