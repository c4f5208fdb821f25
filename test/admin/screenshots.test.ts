import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { atEnd } from '../helpers/cli-cleanup.js'
import { openPage } from '../helpers/chromium.js'
import { startUp } from '../helpers/cli-process.js'

const IMAGES = fileURLToPath(new URL('../../../docs/images/', import.meta.url))
/** As the pictures are to show it. */
const FOLDER = '/srv/shop'
/** So long there is load before the first picture, in milliseconds: so that charts show something. */
const LOAD_MS = 75_000

// The first worker of a generation is ready at once, the second one later.
const APP = `
const { createServer } = require('node:http')
const { mkdirSync } = require('node:fs')
const { version } = require('./package.json')
let startMs = 0
try { mkdirSync('started-' + version) } catch { startMs = version === '1.0.0' ? 0 : 6000 }
const server = createServer((req, res) => {
  const ms = req.url === '/slow' ? 15_000 : 4 + Math.random() ** 4 * 60
  setTimeout(() => res.writeHead(Math.random() < 0.002 ? 500 : 200).end('Hello'), ms)
})
if (version === '2.0.0') {
  console.error('Error: the environment has no DATABASE_URL')
  process.exit(1)
}
setTimeout(() => server.listen(3000), startMs)
`

/** Asks again and again, sometimes more and sometimes less often. */
async function load(url: string, signal: AbortSignal): Promise<void> {
  for (const begun = performance.now(); !signal.aborted;) {
    const wave = 1.2 + Math.sin((performance.now() - begun) / 9000)
    await delay(15 * wave + Math.random() * 10)
    await fetch(url).then(
      response => response.text(),
      () => {}
    )
  }
}

/** Makes the pictures in docs/images; not in each run, as each differs. */
test(
  'the page as docs/admin.md shows it',
  { skip: process.env['UP_SCREENSHOTS'] === '1' ? false : 'UP_SCREENSHOTS is not 1', timeout: 400_000 },
  async t => {
    mkdirSync(IMAGES, { recursive: true })
    const folder = FOLDER
    // Fails where there is one that is none of ours.
    mkdirSync(folder)
    atEnd(t, () => rmSync(folder, { recursive: true, force: true }))
    const write = (version: string): void =>
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'shop', version }))
    write('1.0.0')
    writeFileSync(join(folder, 'app.cjs'), APP)
    const args = ['-p', '0', '-n', '2', '--no-control', '--admin', '0', 'app.cjs']
    const up = startUp(t, args, { cwd: folder })
    const url = await up.url()
    const [, admin = ''] = await up.line(/the admin page is at (\S+)/)
    await up.line(/worker \d+ is ready/)
    await up.line(/worker \d+ is ready/)
    const stop = new AbortController()
    t.after(() => stop.abort())
    for (let i = 0; i < 4; i++) void load(url, stop.signal)
    const { page } = await openPage(t, admin)
    const shoot = async (name: string): Promise<void> => {
      await page.mouse.move(0, 0)
      await page.screenshot({ path: join(IMAGES, `${name}.png`) })
    }
    const press = async (name: string): Promise<void> => {
      await page.getByRole('navigation').getByRole('button', { name, exact: true }).click()
      await page.getByRole('dialog').getByRole('button', { name, exact: true }).click()
    }
    await page.setViewportSize({ width: 1280, height: 800 })
    await delay(LOAD_MS)
    await shoot('idle')

    void fetch(`${url}/slow`).catch(() => {})
    void fetch(`${url}/slow`).catch(() => {})
    write('1.1.0')
    await press('Reload')
    await page.getByText('draining').nth(1).waitFor()
    await delay(2500)
    await shoot('reloading')
    await page.getByText('Reloaded: generation 2 serves').waitFor()

    await delay(20_000)
    await page.emulateMedia({ colorScheme: 'dark' })
    await press('Pause')
    await page.getByText('Paused: nothing is in flight').waitFor()
    await delay(6000)
    await shoot('paused')
    await press('Resume')
    await page.getByText('Resumed').first().waitFor()
    await page.emulateMedia({ colorScheme: 'light' })

    await delay(10_000)
    write('2.0.0')
    await press('Reload')
    await page.locator('#notice[data-kind=failed]').waitFor()
    await delay(2000)
    await shoot('failing')
    await page.setViewportSize({ width: 390, height: 844 })
    await page.emulateMedia({ colorScheme: 'dark' })
    await delay(1500)
    await shoot('phone')
  }
)
