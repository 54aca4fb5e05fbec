/** Commands whose label or hint holds every word of `text`, those that start with it first; input order otherwise. */
export function rankCommands<C extends { readonly label: string; readonly hint?: string }>(commands: readonly C[], text: string): C[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return [...commands]
  const scored = commands.flatMap((command, index) => {
    const label = command.label.toLowerCase()
    const all = `${label} ${command.hint?.toLowerCase() ?? ''}`
    if (!words.every((word) => all.includes(word))) return []
    const rank = label.startsWith(words[0]) ? 0 : words.every((word) => label.includes(word)) ? 1 : 2
    return [{ command, rank, index }]
  })
  return scored.sort((a, b) => a.rank - b.rank || a.index - b.index).map(({ command }) => command)
}
