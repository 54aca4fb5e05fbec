import { captionOf, tiedMark, type PaperTable, type TableCell } from './paperTable'

const specials: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '{': '\\{',
  '}': '\\}',
  $: '\\$',
  '&': '\\&',
  '%': '\\%',
  '#': '\\#',
  _: '\\_',
  '^': '\\textasciicircum{}',
  '~': '\\textasciitilde{}',
  '<': '\\ensuremath{<}',
  '>': '\\ensuremath{>}',
  '|': '\\ensuremath{|}',
  '"': "''",
  '–': '--',
  '—': '---',
  '‘': '`',
  '’': "'",
  '“': '``',
  '”': "''",
  '…': '\\ldots{}',

  '\u00a0': '~',
  '\u202f': '\\,',
  ß: '\\ss{}',
  ø: '\\o{}',
  Ø: '\\O{}',
  æ: '\\ae{}',
  Æ: '\\AE{}',
  œ: '\\oe{}',
  Œ: '\\OE{}',
  ł: '\\l{}',
  Ł: '\\L{}',
  ı: '\\i{}',
}

const inMath: Readonly<Record<string, string>> = {
  '−': '-',
  '±': '\\pm',
  '×': '\\times',
  '·': '\\cdot',
  '≤': '\\le',
  '≥': '\\ge',
  '≈': '\\approx',
  '→': '\\to',
  '∞': '\\infty',
  '†': '\\dagger',
  '§': '\\S',
  '²': '^2',
  '³': '^3',
  ...Object.fromEntries(
    [
      ...['α alpha', 'β beta', 'γ gamma', 'δ delta', 'ε varepsilon', 'ζ zeta', 'η eta', 'θ theta', 'ι iota', 'κ kappa', 'λ lambda'],
      ...['μ mu', 'µ mu', 'ν nu', 'ξ xi', 'π pi', 'ρ rho', 'σ sigma', 'ς varsigma', 'τ tau', 'υ upsilon', 'φ varphi', 'χ chi', 'ψ psi'],
      ...['ω omega', 'Γ Gamma', 'Δ Delta', 'Θ Theta', 'Λ Lambda', 'Ξ Xi', 'Π Pi', 'Σ Sigma', 'Φ Phi', 'Ψ Psi', 'Ω Omega'],
    ].map((pair) => [pair[0], `\\${pair.slice(2)}`]),
  ),
}

const accents: Readonly<Record<string, string>> = {
  '\u0300': '`',
  '\u0301': "'",
  '\u0302': '^',
  '\u0303': '~',
  '\u0304': '=',
  '\u0306': 'u',
  '\u0307': '.',
  '\u0308': '"',
  '\u030a': 'r',
  '\u030b': 'H',
  '\u030c': 'v',
  '\u0323': 'd',
  '\u0327': 'c',
}

/**
 * Any text as LaTeX source that every engine and font encoding sets: special characters escaped, accents and Greek as commands. What has
 * no command (CJK, emoji) is set by engines that read Unicode and named by its code points elsewhere.
 */
export const latexText = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .normalize('NFC')
    .replace(
      /[^\x20-\x7e]\p{M}*|[\\{}$&%#_^~<>|"]/gu,
      (character) => specials[character] ?? mathText(character) ?? accented(character) ?? raw(character),
    )

const mathText = (character: string): string | undefined => (character in inMath ? `\\ensuremath{${inMath[character]}}` : undefined)

function accented(character: string): string | undefined {
  const [base, accent, ...more] = [...character.normalize('NFD')]
  if (!/[a-z]/i.test(base) || more.length > 0 || !(accent in accents)) return undefined
  return `\\${accents[accent]}{${base === 'i' || base === 'j' ? `\\${base}` : base}}`
}

function raw(character: string): string {
  const points = [...character].map((point) => `U+${point.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`)
  return `\\ifdefined\\Umathchar ${character}\\else[${points.join(' ')}]\\fi{}`
}

/** The table as a float for `\input`, with booktabs rules and its caption above; needs the package booktabs alone. */
export function latexTable(table: PaperTable): string {
  const { columns, blocks } = table
  const isDivided = blocks.length > 1
  const lines = [
    `% \\input this file; it needs \\usepackage{booktabs} in the preamble.`,
    '\\begin{table}[t]',
    '  \\centering\\small\\setlength{\\tabcolsep}{4pt}',
    `  \\caption{${latexText(captionOf(table))}}`,
    `  \\label{tab:${table.id}}\\par\\smallskip`,
    `  \\begin{tabular}{${columns.map(({ numeric }) => (numeric ? 'r' : 'l')).join('')}}`,
    '    \\toprule',
    `    ${columns.map(({ title }) => latexText(title)).join(' & ')} \\\\`,
    ...blocks.flatMap(({ title, rows }) => [
      '    \\midrule',
      ...(isDivided ? [`    \\multicolumn{${columns.length}}{l}{\\emph{${latexText(title)}}} \\\\`] : []),
      ...rows.map((row) => `    ${row.map(latexCell).join(' & ')} \\\\`),
    ]),
    '    \\bottomrule',
    '  \\end{tabular}',
    '\\end{table}',
  ]
  return lines.join('\n') + '\n'
}

function latexCell({ text, mark }: TableCell): string {
  const source = latexText(text)
  // An opening bracket after \\ would be read as its optional argument.
  const safe = source.startsWith('[') ? `{}${source}` : source
  return mark === 'best' ? `\\textbf{${safe}}` : mark === 'tied' ? `${safe}\\rlap{\\textsuperscript{${latexText(tiedMark)}}}` : safe
}
