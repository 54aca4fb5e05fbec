import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { paperOf, tableFiles } from '@main/exporting/paper'
import { madeResults, plainStudy } from '../../support/paperTwin'

const missing = spawnSync('pdflatex', ['--version']).error || spawnSync('bibtex', ['--version']).error
const reason = missing ? ' (skipped: pdflatex and bibtex are not installed; Debian has them in texlive-latex-base)' : ''

const names = ['a_b & 50 %', '$x^2$ #1', '{y} ~ \\z \\end{table}', 'Straße “é” Łódź', '日本 ≥ 3 † λ=½', '[opt] *', 'x'.repeat(100)]

it.skipIf(missing)(`LaTeX output compiles whatever the names are, with booktabs alone${reason}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'querent-latex-'))
  try {
    const strategies = `[random, badge, core-set, kmeans, ${names.map((name) => `{ id: entropy, name: ${JSON.stringify(name)} }`).join(', ')}]`
    const files = tableFiles(paperOf(madeResults(plainStudy(strategies))), ['latex'])
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    writeFileSync(
      join(folder, 'main.tex'),
      String.raw`\documentclass{article}
\usepackage{booktabs}
\input{macros}
\begin{document}
\qBadgeAubc, $\qBadgeVsRandomDiff$, $p \qBadgeVsRandomPAdjusted$, Table~\ref{tab:results}, \nocite{*}
\input{results}
\input{budgets}
\input{differences}
\bibliographystyle{plain}\bibliography{references}
\end{document}
`,
    )
    const latex = (): string =>
      execFileSync('pdflatex', ['-interaction=nonstopmode', '-halt-on-error', 'main.tex'], { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
    latex()
    expect(execFileSync('bibtex', ['main'], { cwd: folder, encoding: 'utf8', stdio: 'pipe' })).not.toMatch(/warning|error/i)
    latex()
    const log = latex()
    expect(log).not.toMatch(/LaTeX Warning|^!|Missing character|undefined/m)
    expect(log).toMatch(/Output written on main\.pdf \(\d+ pages?/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
