import { z } from '@engine/core/zod'
import { importMapping } from '@contract/importing'
import list from '../../../../resources/data/publicSets.json'

const checksum = z.strictObject({
  algorithm: z.enum(['sha256', 'md5']),
  hex: z.string().regex(/^([0-9a-f]{32}|[0-9a-f]{64})$/),
  of: z.enum(['file', 'unpacked']),
})

const publicFile = z.strictObject({
  name: z.string().regex(/^[\w.-]+$/),
  /** addresses of the same content, tried in this order */
  urls: z.array(z.url()).min(1),
  /** exact size, where it is published and the same everywhere */
  bytes: z.int().optional(),
  /** as published; none where none is */
  checksum: checksum.optional(),
})

const publicSet = z.strictObject({
  id: z.string(),
  title: z.string(),
  kind: z.enum(['image', 'vector', 'tabular', 'text', 'series']),
  rows: z.int(),
  testRows: z.int(),
  classes: z.int(),
  source: z.string(),
  licence: z.string(),
  /** of all files, as they are sent */
  bytes: z.int(),
  files: z.array(publicFile).min(1),
  /** importer that reads the files */
  importer: z.string(),
  mapping: importMapping,
})

/** A public data set that this machine can download. */
export type PublicSet = z.infer<typeof publicSet>

let parsed: readonly PublicSet[] | null = null

/** What can be downloaded by name (resources/data/publicSets.json); sizes and checksums are the published ones. */
export const publicSets = (): readonly PublicSet[] => (parsed ??= z.array(publicSet).parse(list))
