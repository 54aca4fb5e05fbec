import { build } from 'vite'
import { browserAliases } from './aliases.mjs'

const suffix = '?inlined'

/** `import code from './page.ts?inlined'`: the module with all that it imports as one browser script, for pages that must be one file. */
export const inlineScript = () => ({
  name: 'inline-script',
  enforce: 'pre',
  async resolveId(source, importer) {
    if (!source.endsWith(suffix)) return null
    const found = await this.resolve(source.slice(0, -suffix.length), importer, { skipSelf: true })
    return found && `\0${found.id}${suffix}`
  },
  async load(id) {
    if (!id.startsWith('\0') || !id.endsWith(suffix)) return null
    const entry = id.slice(1, -suffix.length)
    const [{ output }] = await build({
      configFile: false,
      logLevel: 'warn',
      resolve: { alias: browserAliases },
      define: { 'process.env.NODE_ENV': '"production"' },
      build: { write: false, target: 'es2022', minify: 'oxc', lib: { entry, formats: ['iife'], name: 'page' } },
    })
    for (const file of this.meta.watchMode ? Object.keys(output[0].modules) : []) if (!file.startsWith('\0')) this.addWatchFile(file)
    // `</script>` would end the element that the code is put into.
    return `export default ${JSON.stringify(output[0].code.replaceAll('</', '<\\/'))}`
  },
})
