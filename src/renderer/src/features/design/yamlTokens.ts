export interface YamlToken {
  readonly text: string
  readonly kind: 'key' | 'comment' | 'plain'
}

/** Colours of one line of YAML: keys and comments, the rest plain. Text in quotes hides `#` and `:`. */
export function yamlTokens(line: string): YamlToken[] {
  const tokens: YamlToken[] = []
  const push = (text: string, kind: YamlToken['kind']): void => {
    if (text) tokens.push({ text, kind })
  }
  const comment = commentStart(line)
  const code = line.slice(0, comment)
  let at = 0
  for (const match of code.matchAll(/(^\s*(?:- )*|[{,]\s*)((?:"[^"]*"|'[^']*'|[^\s"'#:{}[\],&*!|>%@`-][^:{}[\],#]*))(?=:(?:\s|$))/g)) {
    const start = match.index + match[1].length
    push(code.slice(at, start), 'plain')
    push(match[2], 'key')
    at = start + match[2].length
  }
  push(code.slice(at), 'plain')
  push(line.slice(comment), 'comment')
  return tokens
}

function commentStart(line: string): number {
  let quote = ''
  for (let i = 0; i < line.length; i++) {
    const character = line[i]
    if (quote) quote = character === quote ? '' : quote
    else if (character === '"' || character === "'") quote = character
    else if (character === '#' && (i === 0 || /\s/.test(line[i - 1]))) return i
  }
  return line.length
}
