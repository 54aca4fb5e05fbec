import { QuerentError, type ErrorCode } from '@engine/core/errors'

const systemCodes: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOSPC: ['disk-full', 'the disk is full'],
  EDQUOT: ['disk-full', 'the disk quota is used up'],
  EFBIG: ['disk-full', 'the file grew beyond the size limit'],
  EACCES: ['not-writable', 'permission denied'],
  EPERM: ['not-writable', 'operation not permitted'],
  EROFS: ['not-writable', 'the file system is read-only'],
  ENOENT: ['not-found', 'no such file or folder'],
  ENOTDIR: ['bad-input', 'a part of the path is a file, not a folder'],
  EISDIR: ['bad-input', 'this is a folder; a file is needed'],
}

export const systemCode = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | null)?.code

/** Any thrown value as a `QuerentError`: file system errors get their code and file, the rest is `internal`. */
export function toQuerentError(error: unknown, file?: string): QuerentError {
  if (error instanceof QuerentError) return error
  const known = systemCodes[systemCode(error) ?? '']
  const place = file ?? (error as NodeJS.ErrnoException | null)?.path
  if (known !== undefined) return new QuerentError(known[0], known[1], place === undefined ? {} : { file: place }, { cause: error })
  return new QuerentError('internal', error instanceof Error ? error.message : String(error), {}, { cause: error })
}

/** Runs file work whose failures must name the file. */
export async function withFile<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw toQuerentError(error, file)
  }
}

/** A folder that cannot be made or written: `not-writable`, or `disk-full`, naming it. */
export function notWritable(what: string, folder: string, cause: unknown): QuerentError {
  const { code, message } = toQuerentError(cause)
  if (code === 'disk-full') return new QuerentError(code, message, { file: folder }, { cause })
  return new QuerentError(
    'not-writable',
    `the ${what} cannot be written: ${message}`,
    { file: folder, expected: 'a folder that can be written' },
    { cause },
  )
}
