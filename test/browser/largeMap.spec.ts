import { expect, test } from '@playwright/test'
import { atMost, scriptTimes } from '../support/longestTask'
import { workbench } from '../support/memoryServer'
import { hasChromium } from '../support/paths'

test.skip(!hasChromium, 'no Chromium on this machine')

const at = (sorted: readonly number[], share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]

for (const coloring of ['round', 'score'])
  test(`50,000 points coloured by ${coloring} are moved and stepped through at once`, async ({ page, browser }, info) => {
    await page.goto(`${workbench}?points=50000#/explore/project-1?colour=${coloring}`)
    const map = page.getByRole('application', { name: /map of 50,000 rows/ }).first()
    await expect(map).toBeVisible({ timeout: 30_000 })
    await page.waitForTimeout(1000)
    const box = (await map.boundingBox())!
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
    const pan = await scriptTimes(page, browser, async () => {
      await page.mouse.move(x, y)
      await page.mouse.down()
      for (let step = 0; step < 60; step++) await page.mouse.move(x + 3 * (step % 30), y + 2 * (step % 20))
      await page.mouse.up()
    })
    const slider = page.getByRole('slider', { name: 'Round' })
    await slider.focus()
    const steps = await scriptTimes(page, browser, async () => {
      for (let step = 0; step < 8; step++) {
        await page.keyboard.press('ArrowLeft')
        await page.waitForTimeout(100)
      }
    })
    const said = `pan: p95 ${at(pan, 0.95).toFixed(2)} ms of ${pan.length} tasks; slider: most ${steps.at(-1)?.toFixed(1)} ms`
    info.annotations.push({ type: 'measured', description: said })
    expect(pan.length).toBeGreaterThan(20)
    expect(at(pan, 0.95), said).toBeLessThan(atMost(8))
    expect(steps.at(-1), said).toBeLessThan(atMost(50))
  })
