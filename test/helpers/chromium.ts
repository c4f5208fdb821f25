import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { chromium, type Page } from 'playwright-core'
import { atEnd } from './cli-cleanup.js'

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const found = PATHS.find(path => existsSync(path))

/** Why there is no real browser to test with; false: there is one. In CI there must be. */
export const noChromium =
  found === undefined && process.env['CI'] === undefined ? `there is none of ${PATHS.join(', ')}` : false

export interface Shown {
  readonly page: Page
  /** What the page has written on the console as an error or a warning, or thrown. */
  readonly errors: readonly string[]
  /** The hosts that it has asked. */
  readonly hosts: ReadonlySet<string>
}

/** Opens a page in a browser of its own, which lives as long as the test. */
export async function openPage(t: TestContext, url: string): Promise<Shown> {
  assert.ok(found, 'chromium is to be installed')
  const browser = await chromium.launch({ executablePath: found, args: ['--no-sandbox'] })
  atEnd(t, () => browser.close())
  const page = await browser.newPage({ viewport: { width: 1360, height: 860 } })
  page.setDefaultTimeout(30_000)
  const errors: string[] = []
  const hosts = new Set<string>()
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text())
  })
  page.on('pageerror', error => errors.push(error.message))
  page.on('request', request => {
    if (!request.url().startsWith('data:')) hosts.add(new URL(request.url()).host)
  })
  await page.goto(url)
  return { page, errors, hosts }
}
