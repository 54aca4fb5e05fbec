const aboutFile = 'querent-project.json'
const mostStudyBytes = 4_000_000

/** Whether files are a study, a project or results of Querent; anything else is data to import. */
export async function isOurs(files: readonly File[]): Promise<boolean> {
  const [first] = files
  if (files.length === 1 && first.webkitRelativePath === '') {
    if (/\.(ya?ml|json)$/i.test(first.name)) return first.size < mostStudyBytes
    // A project file begins with what it says of itself.
    return new TextDecoder('latin1').decode(await first.slice(0, 30 + aboutFile.length).arrayBuffer()).endsWith(aboutFile)
  }
  const top = new Set(files.map(({ webkitRelativePath: path }) => path.split('/').slice(1).join('/')))
  return top.has('manifest.json') || top.has('study.yaml') || top.has(aboutFile)
}
