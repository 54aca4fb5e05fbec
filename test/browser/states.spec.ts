import { expect, test, type Page } from '@playwright/test'
import type { MemoryLab } from '../support/memoryLab'
import { serveMemoryWorkbench, type MemoryServer } from '../support/memoryServer'
import { hasChromium } from '../support/paths'

declare global {
  interface Window {
    memoryLab: MemoryLab
  }
}

test.skip(!hasChromium, 'no Chromium on this machine')

let server: MemoryServer
test.beforeAll(async () => {
  server = await serveMemoryWorkbench()
})
test.afterAll(() => server?.close())

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name })

test('a link followed before the first page is there is not lost', async ({ page }) => {
  await page.route(/ProjectsPage.*\.js/, async (route) => {
    await new Promise((passed) => setTimeout(passed, 400))
    await route.continue()
  })
  await page.goto(`${server.url}#/projects`, { waitUntil: 'commit' })
  await page.waitForFunction(() => 'memoryLab' in window)
  await page.evaluate(() => void (location.hash = '/design/project-2'))
  await expect(heading(page, 'Design')).toBeVisible()
  await expect(page).toHaveURL(/#\/design\/project-2$/)
})

test('what ended the preparation of an experiment is said with one way to go on', async ({ page }) => {
  await page.goto(`${server.url}?proxies#/design/project-5`)
  await expect(page.getByRole('button', { name: /^Run/ }).first()).toBeEnabled()
  await page.keyboard.press('Control+Enter')
  await expect(page.getByRole('status').filter({ hasText: 'pre-training' })).toBeVisible()
  await page.evaluate(() => window.memoryLab.breakPreparation('the loss is not a number'))
  await expect(page.getByRole('alert').filter({ hasText: 'the loss is not a number' })).toBeVisible()
  const main = page.getByRole('main')
  await expect(main.getByRole('button', { name: /Continue|Retry|Try again/ })).toHaveText(['Try again'])
  await main.getByRole('button', { name: 'Try again' }).click()
  await expect(main.getByRole('alert')).toBeHidden()
  await expect(page.getByText(/ so far$/)).toBeVisible()
})
