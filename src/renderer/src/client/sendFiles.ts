import { mostPieceBytes, type CommandInput, type LabClient } from '@contract/commands'

export type SentFiles = CommandInput<'project.bring'>['files']

/** Path of a file on this machine, or of the chosen folder it came with; empty in a browser. */
function pathOf(file: File): string {
  const path = window.querent?.pathOf(file) ?? ''
  const below = file.webkitRelativePath
  return path === '' || below === '' ? path : path.slice(0, path.length - below.length) + below.split('/')[0]
}

/** On the desktop the lab reads the files where they are; elsewhere they are sent in pieces, `onSent` hears the share so far. */
export async function sendFiles(client: LabClient, chosen: readonly File[], onSent: (share: number) => void): Promise<SentFiles> {
  const paths = [...new Set(chosen.map(pathOf))]
  if (!paths.includes('')) return { paths }
  const upload = crypto.randomUUID()
  onSent(0)
  const total = chosen.reduce((sum, { size }) => sum + size, 0)
  let before = 0
  for (const file of chosen) {
    const path = file.webkitRelativePath || file.name
    for (let offset = 0; offset === 0 || offset < file.size; offset += mostPieceBytes) {
      const bytes = new Uint8Array(await file.slice(offset, offset + mostPieceBytes).arrayBuffer())
      await client.call('datasets.upload', { upload, name: path, offset, bytes })
      onSent(total === 0 ? 1 : (before + offset + bytes.length) / total)
    }
    before += file.size
  }
  return { upload }
}
