import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createRequire } from 'node:module'
import { _electron, expect, test } from '@playwright/test'
import buildOnce from '../support/buildOnce'
import { rootDir } from '../support/paths'

/** Looked up by path: importing the package outside Electron starts a download. */
function electronBinary(): string | undefined {
  const { ELECTRON_EXEC_PATH: exact, ELECTRON_OVERRIDE_DIST_PATH: dist } = process.env
  if (exact) return exact
  const folder = dirname(createRequire(import.meta.url).resolve('electron/package.json'))
  const named = join(folder, 'path.txt')
  if (!existsSync(named)) return undefined
  const binary = join(dist ?? join(folder, 'dist'), readFileSync(named, 'utf8'))
  return existsSync(binary) ? binary : undefined
}

const binary = electronBinary()
const display = process.platform !== 'linux' || process.env.DISPLAY !== undefined || process.env.WAYLAND_DISPLAY !== undefined

test.describe('the desktop app in a real Electron', () => {
  test.skip(binary === undefined, 'the Electron binary is not installed: `npm start` fetches it, or set ELECTRON_EXEC_PATH')
  test.skip(!display, 'no display: run under `xvfb-run -a`')

  test('opens its window in the sandbox and reaches the lab', async () => {
    buildOnce()
    const folder = mkdtempSync(join(tmpdir(), 'querent-real-'))
    // The sandbox of Chromium refuses to run as root.
    const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    const app = await _electron.launch({
      executablePath: binary,
      args: [rootDir, ...asRoot],
      env: { ...(process.env as Record<string, string>), QUERENT_WORKSPACE: folder },
    })
    try {
      const page = await app.firstWindow()
      await expect(page).toHaveURL(/^app:\/\/querent\/index\.html/)
      await expect(page.getByRole('link', { name: 'Sample: four strategies on digits' })).toBeVisible()
      await expect(page.getByRole('button', { name: /^Backend: / })).toBeVisible()
      expect(await page.evaluate(() => Object.keys((globalThis as unknown as { querent: object }).querent).sort())).toEqual([
        'choosePlace',
        'onMenu',
        'onOpen',
        'pathOf',
        'putSaved',
        'requestLab',
        'saveFile',
      ])
      expect(
        await page.evaluate(() => [
          typeof (globalThis as Record<string, unknown>).require,
          typeof (globalThis as Record<string, unknown>).process,
        ]),
      ).toEqual(['undefined', 'undefined'])
      const window = await app.browserWindow(page)
      expect(
        await window.evaluate(({ webContents }) => {
          const { sandbox, contextIsolation, nodeIntegration, webSecurity } = webContents.getLastWebPreferences()!
          return { sandbox, contextIsolation, nodeIntegration, webSecurity }
        }),
      ).toEqual({ sandbox: true, contextIsolation: true, nodeIntegration: false, webSecurity: true })
      expect(await window.evaluate((shown) => shown.isVisible())).toBe(true)
      expect(
        await app.evaluate(({ app: running }) =>
          running.getAppMetrics().some(({ type, name }) => type === 'Utility' && name === 'Querent lab'),
        ),
      ).toBe(true)
    } finally {
      await app.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
