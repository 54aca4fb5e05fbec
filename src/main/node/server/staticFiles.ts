import { readFile } from 'node:fs/promises'
import { extname, resolve, sep } from 'node:path'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.ttf': 'font/ttf',
  '.woff2': 'font/woff2',
  '.ico': 'image/x-icon',
}

/**
 * The policy of every page. Style attributes are what the chart library's tooltips need; `wasm-unsafe-eval` allows WebAssembly
 * and nothing else that evaluates.
 */
export const contentSecurityPolicy = (connect: string): string =>
  [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    `connect-src ${connect}`,
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join('; ')

export interface StaticReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** A file below `root`, with the security headers; nothing outside of it can be named. */
export async function staticFile(root: string, pathname: string, connect: string): Promise<StaticReply> {
  const headers = {
    'Content-Security-Policy': contentSecurityPolicy(connect),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': 'no-store',
    'Content-Type': 'text/plain; charset=utf-8',
  }
  const text = (status: number, body: string): StaticReply => ({ status, headers, body: Buffer.from(body) })
  let decoded: string
  try {
    decoded = decodeURIComponent(pathname)
  } catch {
    return text(400, 'bad path')
  }
  const base = resolve(root)
  const file = resolve(base, `.${decoded === '/' ? '/index.html' : decoded}`)
  if (decoded.includes('\0') || !file.startsWith(base + sep)) return text(403, 'forbidden')
  try {
    const body = await readFile(file)
    return { status: 200, headers: { ...headers, 'Content-Type': types[extname(file)] ?? 'application/octet-stream' }, body }
  } catch {
    return text(404, 'not found')
  }
}
