import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from '@engine/core/zod'
import { downloadFile, type DownloadProgress } from '../download/downloadFile'
import { withFile } from '../errors'
import { writeAtomic } from '../storage/files'

export interface ModelDownload {
  /** folder of this model */
  readonly folder: string
  /** the model first */
  readonly files: readonly { readonly name: string; readonly url: string }[]
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: DownloadProgress) => void
}

const pinSchema = z.record(z.string(), z.object({ url: z.string(), sha256: z.string(), bytes: z.int() }))

/** Larger than any network that is run here. */
const mostBytes = 8 * 2 ** 30

/**
 * Brings the files of a model, or goes on with what has come of them; resolves to the path of the model. The SHA-256 of a first
 * download is kept beside the files, and what comes later under the same address has to be the same.
 */
export async function fetchModel({ folder, files, signal, onProgress }: ModelDownload): Promise<string> {
  await withFile(folder, () => mkdir(folder, { recursive: true }))
  const pinFile = join(folder, 'checksums.json')
  const pins = pinSchema.catch({}).parse(jsonOf(await readFile(pinFile, 'utf8').catch(() => '{}')))
  for (const { name, url } of files) {
    const pin = pins[name]?.url === url ? pins[name] : undefined
    const { sha256, bytes } = await downloadFile({
      name,
      urls: [url],
      file: join(folder, name),
      mostBytes,
      ...(pin === undefined ? {} : { bytes: pin.bytes, checksum: { algorithm: 'sha256', hex: pin.sha256, of: 'file' } }),
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress }),
    })
    if (pin !== undefined) continue
    pins[name] = { url, sha256, bytes }
    await writeAtomic(pinFile, `${JSON.stringify(pins, null, 2)}\n`)
  }
  return join(folder, files[0].name)
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return {}
  }
}
