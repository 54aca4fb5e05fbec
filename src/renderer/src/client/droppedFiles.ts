/** The files of a drop, those of folders too, each with its path from the folder as a folder picker gives it. Call in the drop event. */
export async function droppedFiles(data: DataTransfer): Promise<File[]> {
  const dropped = [...data.items].filter(({ kind }) => kind === 'file').map((item) => item.webkitGetAsEntry() ?? item.getAsFile())
  return (await Promise.all(dropped.map(async (one) => (one === null ? [] : one instanceof File ? [one] : filesOf(one))))).flat()
}

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject))
    const path = entry.fullPath.replace(/^\//, '')
    return [path.includes('/') ? Object.defineProperty(file, 'webkitRelativePath', { value: path }) : file]
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const found: FileSystemEntry[] = []
  // A reader gives a part at a time; an empty one is the end.
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (part.length === 0) break
    found.push(...part)
  }
  return (await Promise.all(found.map((inner) => filesOf(inner)))).flat()
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
