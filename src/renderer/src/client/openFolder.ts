import { badInput } from '@engine/core/errors'

const tableName = 'rounds.csv'

/** Asks for a result folder and reads its table of rounds; null when nothing was chosen. */
export function openResultFolder(): Promise<{ name: string; text: string } | null> {
  return new Promise((resolve, reject) => {
    const input = Object.assign(document.createElement('input'), { type: 'file', webkitdirectory: true })
    input.addEventListener('cancel', () => resolve(null))
    input.addEventListener('change', () => {
      const files = [...(input.files ?? [])]
      if (files.length === 0) return resolve(null)
      const [folder] = files[0].webkitRelativePath.split('/')
      const table = files.find(({ webkitRelativePath }) => webkitRelativePath === `${folder}/${tableName}`)
      if (!table)
        return reject(
          badInput(`${folder} is no result folder: it has no ${tableName}`, {
            file: folder,
            expected: `${tableName}, which a finished run of the study writes`,
          }),
        )
      table.text().then((text) => resolve({ name: `${folder}.csv`, text }), reject)
    })
    input.click()
  })
}
