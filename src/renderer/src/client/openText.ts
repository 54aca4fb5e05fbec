/** Asks for one file and reads it as text; null when nothing was chosen. */
export function openTextFile(accept: string): Promise<{ name: string; text: string } | null> {
  return new Promise((resolve, reject) => {
    const input = Object.assign(document.createElement('input'), { type: 'file', accept })
    input.addEventListener('cancel', () => resolve(null))
    input.addEventListener('change', () => {
      const file = input.files?.[0]
      if (!file) resolve(null)
      else file.text().then((text) => resolve({ name: file.name, text }), reject)
    })
    input.click()
  })
}
