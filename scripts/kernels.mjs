import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const root = resolve(import.meta.dirname, '..')
const folder = resolve(root, 'src/backends/kernels')

/** Compiles the AssemblyScript kernels and returns the text of `generated.ts`. */
export async function generateKernels() {
  const files = {}
  const { error, stderr } = await asc.main(
    ['index.ts', '--outFile', 'kernels.wasm', '-O3', '--enable', 'simd', '--runtime', 'stub', '--importMemory', '--noAssert'],
    {
      readFile: (name) => readFile(resolve(folder, 'assembly', name), 'utf8').catch(() => null),
      writeFile: (name, contents) => void (files[name] = contents),
      listFiles: () => [],
    },
  )
  if (error) throw new Error(`assemblyscript: ${error.message}\n${stderr}`)
  const base64 = Buffer.from(files['kernels.wasm']).toString('base64')
  return `/** WebAssembly of the kernels in assembly/, written by scripts/kernels.mjs. */\nexport const kernelsWasm =\n  '${base64}'\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(resolve(folder, 'generated.ts'), await generateKernels())
