import { defineConfig } from '@playwright/test'
import { chromiumArgs, chromiumPath, hasChromium } from './test/support/paths'

if (!hasChromium && process.env.REQUIRE_BROWSER) throw new Error(`REQUIRE_BROWSER is set, but there is no browser at ${chromiumPath}`)

export default defineConfig({
  testDir: 'test/browser',
  workers: 1,
  timeout: 90_000,
  reporter: [['list'], ['json']],
  outputDir: 'test-results',
  use: {
    viewport: { width: 1280, height: 800 },
    launchOptions: { executablePath: chromiumPath, args: chromiumArgs },
    screenshot: 'only-on-failure',
  },
})
