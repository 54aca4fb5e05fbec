import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { badInput } from '@engine/core/errors'
import { toQuerentError } from '../errors'
import type { Checksum } from './request'

/** Refuses a file that is not the published one; resolves to the SHA-256 of its bytes. `onBytes` hears how many were looked at. */
export async function verifyFile(
  file: string,
  name: string,
  checksum: Checksum | undefined,
  signal: AbortSignal | undefined,
  onBytes?: (bytes: number) => void,
): Promise<string> {
  const sha256 = createHash('sha256')
  const published = checksum === undefined ? null : createHash(checksum.algorithm)
  const isUnpacked = checksum?.of === 'unpacked'
  let looked = 0
  const source = createReadStream(file, { highWaterMark: 1 << 20 })
  source.on('data', (chunk) => {
    sha256.update(chunk)
    if (!isUnpacked) published?.update(chunk)
    onBytes?.((looked += chunk.length))
  })
  const into = (hash: Hash | null): Writable =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        hash?.update(chunk)
        done()
      },
    })
  try {
    if (isUnpacked) await pipeline(source, createGunzip(), into(published), { signal })
    else await pipeline(source, into(null), { signal })
  } catch (error) {
    if (((error as NodeJS.ErrnoException).code ?? '').startsWith('Z_')) throw notPublished(name, 'damaged gzip data', checksum)
    throw toQuerentError(error, name)
  }
  const found = published?.digest('hex')
  if (checksum !== undefined && found !== checksum.hex)
    throw notPublished(name, `${titles[checksum.algorithm]} ${found}${isUnpacked ? ' unpacked' : ''}`, checksum)
  return sha256.digest('hex')
}

const titles = { sha256: 'SHA-256', md5: 'MD5' } as const

const notPublished = (name: string, found: string, checksum: Checksum | undefined): Error =>
  badInput(`${name}: what came is not the published file`, {
    file: name,
    found,
    expected: checksum && `${titles[checksum.algorithm]} ${checksum.hex}${checksum.of === 'unpacked' ? ' unpacked' : ''}`,
  })
