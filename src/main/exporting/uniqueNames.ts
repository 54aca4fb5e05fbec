/** A name for each text: what `nameOf` makes of it, numbered from 1 where two texts would share it. Equal texts share theirs. */
export function uniqueNames(
  texts: readonly string[],
  nameOf: (text: string) => string,
  numbered: (name: string, n: number) => string,
): ReadonlyMap<string, string> {
  const taken = new Set<string>()
  const names = new Map<string, string>()
  for (const text of new Set(texts)) {
    const base = nameOf(text)
    let name = base
    for (let n = 1; taken.has(name); n++) name = numbered(base, n)
    taken.add(name)
    names.set(text, name)
  }
  return names
}
