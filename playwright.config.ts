import { defineConfig } from '@playwright/test'
import { chromiumArgs, chromiumPath, hasChromium } from './test/support/paths'

if (!hasChromium && process.env.REQUIRE_BROWSER) throw new Error(`REQUIRE_BROWSER is set, but there is no browser at ${chromiumPath}`)

/** Tests that watch how long the page works: nothing else may run beside them. */
const alone = /@alone|(data|largeMap)\.spec/

export default defineConfig({
  testDir: 'test/browser',
  ...(hasChromium ? { globalSetup: './test/support/memoryServer.ts' } : {}),
  projects: [
    { name: 'pages', grepInvert: alone, workers: 2 },
    { name: 'alone', grep: alone, workers: 1, dependencies: ['pages'] },
  ],
  workers: 2,
  timeout: 180_000,
  reporter: [['list'], ['json']],
  outputDir: 'test-results',
  use: {
    viewport: { width: 1280, height: 800 },
    launchOptions: { executablePath: chromiumPath, args: chromiumArgs },
    screenshot: 'only-on-failure',
  },
})
