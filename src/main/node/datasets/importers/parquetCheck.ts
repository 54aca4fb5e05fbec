import type { ColumnMetaData } from 'hyparquet'
import { badInput } from '@engine/core/errors'
import { z } from '@engine/core/zod'
import type { InputFile } from '../source/inputFile'

const count = z.object({ field_1: z.int() })
/** What of a page's header decides how much is read and made. */
const pageHeader = z.object({
  field_2: z.int(), // bytes unpacked
  field_3: z.int(), // bytes packed
  field_5: count.optional(), // data page, dictionary page, data page of version 2: their numbers of values
  field_7: count.optional(),
  field_8: count.optional(),
})
const mostRatio = 4096

/**
 * Checks the page headers of a column chunk before the library reads them: it believes their sizes, and a damaged one would have
 * it fill the memory or read the same page for ever.
 */
export async function checkPages(file: InputFile, column: ColumnMetaData, name: string): Promise<void> {
  const { deserializeTCompactProtocol } = await import('hyparquet/src/thrift.js')
  const damaged = (at: number, found: string): Error =>
    badInput(`${file.name}: damaged Parquet page at byte ${at} of column ${name}: ${found}`, { file: file.name, path: `byte ${at}`, found })
  const dictionary = Number(column.dictionary_page_offset ?? 0)
  const start = dictionary > 0 ? Math.min(dictionary, Number(column.data_page_offset)) : Number(column.data_page_offset)
  const size = Number(column.total_compressed_size)
  const most = Number(column.num_values)
  if (!(start >= 4 && size > 0 && start + size <= file.size)) throw damaged(start, `${size} bytes in a file of ${file.size}`)
  const bytes = await file.read(start, size)
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), offset: 0 }
  let values = 0
  while (values < most) {
    const at = start + reader.offset
    if (reader.offset >= size) throw damaged(at, `the column ends after ${values} of ${most} values`)
    const header = pageHeader.safeParse(deserializeTCompactProtocol(reader)).data
    if (header === undefined) throw damaged(at, 'an unreadable header')
    const { field_2: plain, field_3: packed, field_5: first, field_7: words, field_8: second } = header
    if (packed < 0 || reader.offset + packed > size) throw damaged(at, `a page of ${packed} bytes`)
    if (plain < 0 || plain > (packed + 64) * mostRatio) throw damaged(at, `${packed} bytes that unpack to ${plain}`)
    const held = (first ?? second)?.field_1 ?? 0
    if (held < 0 || values + held > most) throw damaged(at, `${held} values`)
    if (words !== undefined && (words.field_1 < 0 || words.field_1 > 8 * plain))
      throw damaged(at, `a dictionary of ${words.field_1} values`)
    values += held
    reader.offset += packed
  }
}
