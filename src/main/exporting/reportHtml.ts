import { createHash } from 'node:crypto'
import { deflateSync } from 'node:zlib'
import { metricInfo } from '@engine/analysis'
import type { Finding } from '@engine/study/spec'
import { escapeMarkup as escape } from '@figures/markup'
import { figureIds, figures } from '@figures/registry'
import type { Paper } from './paper'
import { captionOf, tiedMark, type PaperTable, type TableCell } from './paperTable'
import { packPage } from './reportPage/data'
import style from './reportPage/page.css?raw'

/**
 * The study as one HTML file that works from a disk without a network: statistics, interactive figures with their numbers, tables,
 * findings and the facts of the manifest. Its policy lets nothing be loaded and no script run but its own.
 */
export async function reportHtml(paper: Paper): Promise<string> {
  const { default: script } = await import('./reportPage/page.ts?inlined')
  const { manifest, results } = paper
  const choices = { strategies: manifest.study.strategies }
  const reasons = figureIds.map((id) => ({ id, title: figures[id].title, reason: figures[id].needs(results, choices) }))
  const drawn = reasons.filter(({ reason }) => reason === null)
  const left = reasons.flatMap(({ title, reason }) => (reason === null ? [] : [`${title}: ${reason}`]))
  const data = deflateSync(packPage({ results, strategies: manifest.study.strategies }), { level: 6 }).toString('base64')
  const digest = createHash('sha256').update(script).digest('base64')
  const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escape(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Querent ${escape(manifest.version)}">
<link rel="icon" href="data:,">
<title>${escape(results.study)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${escape(results.study)}</h1>
<p class="muted">${escape(overview(paper))}</p>
${partial(paper)}
</header>
<main>
<section aria-labelledby="comparison">
<h2 id="comparison">Comparison</h2>
${
  paper.sentence === ''
    ? '<p>Nothing can be compared yet: no two strategies share a finished seed.</p>'
    : paper.sentence
        .split('\n')
        .map((line) => `<p class="sentence">${escape(line)}</p>`)
        .join('\n')
}
${paper.tables.map(tableHtml).join('\n')}
</section>
<section aria-labelledby="figures">
<h2 id="figures">Figures</h2>
<noscript><p class="banner">The figures are drawn by a script, which is switched off here. The tables hold their numbers.</p></noscript>
<div id="controls"></div>
${drawn.map(({ id, title }) => figureHtml(id, title)).join('\n')}
${left.length === 0 ? '' : `<details><summary>Figures that these results do not have</summary><ul>${left.map((line) => `<li>${escape(line)}</li>`).join('')}</ul></details>`}
</section>
<section aria-labelledby="findings">
<h2 id="findings">Findings and caveats</h2>
${findingsHtml(paper.findings)}
</section>
<section aria-labelledby="setting">
<h2 id="setting">Setting</h2>
${settingHtml(paper)}
</section>
<section aria-labelledby="references">
<h2 id="references">References</h2>
${paper.bibtex === '' ? '<p>No method here has a reference.</p>' : `<pre>${escape(paper.bibtex)}</pre>`}
</section>
</main>
<script type="text/plain" id="data">${data}</script>
<script>${script}</script>
</body>
</html>
`
}

const count = (n: number, one: string, more = `${one}s`): string => `${n} ${n === 1 ? one : more}`

function overview({ manifest, results }: Paper): string {
  const { datasets, study, seeds } = manifest
  return [
    datasets.map(({ name }) => name).join(', '),
    count(study.strategies.length, 'strategy', 'strategies'),
    count(seeds, 'seed'),
    `${metricInfo[results.stats.metric].label}, ${results.stats.primary === 'aubc' ? 'area under the budget curve' : 'last value'}`,
    `baseline ${results.stats.baseline}`,
  ].join(' · ')
}

function partial({ results, finished, failed }: Paper): string {
  const total = results.runs.length
  if (finished === total) return ''
  return `<p class="banner" role="note">Partial: ${finished} of ${count(total, 'run')} have finished${failed > 0 ? `, ${failed} failed` : ''}. Tables and tests hold finished runs only.</p>`
}

const figureHtml = (id: string, title: string): string => `<figure id="figure-${id}">
<h3>${escape(title)}</h3>
<div class="chart" role="img" aria-label="${escape(title)}; its numbers are in the table below"></div>
<figcaption></figcaption>
<details><summary>Numbers of this figure</summary><div class="numbers scroll" tabindex="0" role="region" aria-label="Numbers: ${escape(title)}"></div></details>
</figure>`

function tableHtml(table: PaperTable): string {
  const { title, columns, blocks } = table
  const bodies = blocks.map(({ title: block, rows }) => {
    const heading = blocks.length > 1 ? `<tr class="block"><th colspan="${columns.length}" scope="rowgroup">${escape(block)}</th></tr>` : ''
    return `<tbody>${heading}${rows.map((row) => `<tr>${row.map((cell, index) => cellHtml(cell, columns[index].numeric)).join('')}</tr>`).join('\n')}</tbody>`
  })
  return `<h3 id="${table.id}">${escape(title)}</h3>
<div class="scroll" tabindex="0" role="region" aria-labelledby="${table.id}"><table>
<thead><tr>${columns.map((column) => `<th scope="col"${column.numeric ? ' class="number"' : ''}>${escape(column.title)}</th>`).join('')}</tr></thead>
${bodies.join('\n')}
</table></div>
<p class="caption">${escape(captionOf(table))}</p>`
}

function cellHtml({ text, mark }: TableCell, isNumeric: boolean): string {
  const shown = mark === 'best' ? `<strong>${escape(text)}</strong>` : escape(text) + (mark === 'tied' ? `<sup>${tiedMark}</sup>` : '')
  return isNumeric ? `<td class="number">${shown}</td>` : `<th scope="row" class="name">${shown}</th>`
}

function findingsHtml(findings: readonly Finding[]): string {
  if (findings.length === 0) return '<p>None: nothing in the study file or the runs weakens the comparison.</p>'
  const items = findings.map(
    ({ severity, path, message, fix }) =>
      `<li class="${severity}"><span class="severity">${severity}</span>${path === '' ? '' : ` <code>${escape(path)}</code>`}: ${escape(message)}.${fix === undefined ? '' : `<br><span class="muted">Fix: ${escape(fix)}.</span>`}</li>`,
  )
  return `<ul class="findings">${items.join('\n')}</ul>`
}

function settingHtml({ manifest, studyText }: Paper): string {
  const { study, datasets, files } = manifest
  const facts: readonly (readonly [string, string])[] = [
    ...datasets.map(
      ({ name, rows, testRows, classes, sha256 }) =>
        [`Data set ${name}`, `${rows} rows, ${testRows} test rows, ${classes} classes, SHA-256 ${sha256}`] as const,
    ),
    ...study.strategies.map(({ name, id, params }) => [`Strategy ${name}`, `${id}${parameters(params)}`] as const),
    ...Object.entries(study.ablate).map(
      ([path, levels]) => [`Factor ${path}`, levels.map((level) => JSON.stringify(level)).join(', ')] as const,
    ),
    ['Model', parameters(study.model).trim()],
    ['Training', parameters(study.training).trim()],
    ['Protocol', parameters(study.protocol).trim()],
    ['Statistics', parameters(study.stats).trim()],
    ['Backend', `${manifest.backend} on ${manifest.device}, ${count(manifest.threads, 'thread')}, ${manifest.precision}`],
    ['Program', `Querent ${manifest.version}, semantics ${manifest.semanticsVersion}`],
    ...Object.entries(files).map(([path, sha256]) => [`File ${path}`, `SHA-256 ${sha256}`] as const),
    ['Command', manifest.command],
    ['Result hash', manifest.resultHash ?? 'none: not all runs have finished'],
  ]
  return `<dl>${facts.map(([name, value]) => `<dt>${escape(name)}</dt><dd>${escape(value)}</dd>`).join('\n')}</dl>
${studyText === '' ? '' : `<details><summary>Study file</summary><pre>${escape(studyText)}</pre></details>`}`
}

const parameters = (values: object): string => {
  const parts = Object.entries(values as Record<string, unknown>).map(
    ([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return parts.length === 0 ? '' : ` ${parts.join(', ')}`
}
