import type { FigureTable } from '@figures/figure'

function labelled(text: string, control: HTMLElement): HTMLLabelElement {
  const label = document.createElement('label')
  const name = document.createElement('span')
  name.textContent = text
  label.append(name, control)
  return label
}

export function select(
  title: string,
  options: readonly (readonly [value: string, text: string])[],
  value: string,
  onChange: (value: string) => void,
): HTMLElement {
  const list = document.createElement('select')
  for (const [key, text] of options) list.append(new Option(text, key, key === value, key === value))
  list.addEventListener('change', () => onChange(list.value))
  return labelled(title, list)
}

export function checkbox(title: string, color: string, onChange: (isOn: boolean) => void): HTMLElement {
  const label = document.createElement('label')
  const box = document.createElement('input')
  box.type = 'checkbox'
  box.checked = true
  box.addEventListener('change', () => onChange(box.checked))
  const mark = document.createElement('span')
  mark.className = 'mark'
  mark.style.background = color
  label.append(box, mark, title)
  return label
}

/** The numbers of a figure below it, for those who do not see it or want to copy them. */
export function fillTable(details: HTMLElement, { columns, rows }: FigureTable): void {
  const table = document.createElement('table')
  const row = (cells: readonly (string | number | null)[], kind: 'th' | 'td'): HTMLTableRowElement => {
    const line = document.createElement('tr')
    for (const value of cells) {
      const cell = document.createElement(kind)
      cell.textContent = value === null ? '–' : typeof value === 'number' ? String(Number(value.toPrecision(6))) : value
      if (typeof value === 'number') cell.className = 'number'
      line.append(cell)
    }
    return line
  }
  table.createTHead().append(row(columns, 'th'))
  table.createTBody().append(...rows.map((cells) => row(cells, 'td')))
  details.querySelector('.numbers')!.replaceChildren(table)
}
