/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Page } from 'playwright-core'
import { appText, get } from '../helpers/cli-app.js'
import { noChromium, openPage, type Shown } from '../helpers/chromium.js'
import { startUp, type CliProcess } from '../helpers/cli-process.js'
import { startExternal } from '../helpers/external.js'
import { tempFolder } from '../helpers/watch-folder.js'

const skip = noChromium

interface Running extends Shown {
  readonly folder: string
  readonly up: CliProcess
  readonly url: string
  readonly admin: string
}

async function show(t: TestContext, args: string[] = []): Promise<Running> {
  const folder = tempFolder(t)
  writeApp(folder, '1.0.0', appText('one'))
  const up = startUp(t, ['-p', '0', '-n', '2', '--no-control', '--admin', '0', ...args, 'app.cjs'], {
    cwd: folder
  })
  const url = await up.url()
  const [, admin = ''] = await up.line(/the admin page is at (\S+)/)
  await up.line(/worker \d+ is ready/)
  await up.line(/worker \d+ is ready/)
  return { folder, up, url, admin, ...(await openPage(t, admin)) }
}

function writeApp(folder: string, version: string, text: string): void {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'shop', version }))
  writeFileSync(join(folder, 'app.cjs'), text)
}

/** Presses a button, and says yes. */
async function press(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation').getByRole('button', { name, exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name, exact: true }).click()
}

/** Waits for a state of so many workers. */
async function workers(page: Page, state: string, count: number): Promise<void> {
  await page.waitForFunction(
    ([text, wanted]) => {
      const found = [...document.querySelectorAll('#workers .badge')].filter(
        badge => badge.textContent === text
      )
      return found.length === wanted
    },
    [state, count] as const
  )
}

async function told(page: Page, text: string | RegExp): Promise<void> {
  await page.locator('#time-line li').filter({ hasText: text }).first().waitFor()
}

function calm({ errors, hosts, admin }: Running): void {
  assert.deepEqual(errors, [])
  assert.deepEqual([...hosts], [new URL(admin).host])
}

test('the page shows a reload as it happens: the workers come, serve, drain and go', { skip }, async t => {
  const running = await show(t)
  const { page, folder, url } = running
  await workers(page, 'serving', 2)
  const slow = [get(`${url}/slow`), get(`${url}/slow`)]
  await page.waitForFunction(() => {
    const cells = [...document.querySelectorAll('#workers [data-label="In flight"]')]
    return cells.length === 2 && cells.every(cell => cell.textContent === '1')
  })
  writeApp(folder, '1.1.0', appText('two'))
  await press(page, 'Reload')
  await workers(page, 'draining', 2)
  await workers(page, 'serving', 2)
  assert.match(await page.locator('#workers').innerText(), /Generation 2, version 1\.1\.0[^]*Generation 1/)
  await told(page, 'Reloaded: generation 2, version 1.1.0')
  await page.getByText('Reloaded: generation 2 serves').waitFor()
  writeFileSync(join(folder, 'go'), '')
  assert.deepEqual(await Promise.all(slow), ['begun one', 'begun one'])
  await page.waitForFunction(() => !document.querySelector('#workers')?.textContent?.includes('Generation 1'))
  await told(page, /Worker \d+ has left/)
  assert.equal(await page.locator('#fact-generation').innerText(), '2')
  calm(running)
})

test('a page that is opened later has what happened before', { skip }, async t => {
  const { page, up } = await show(t)
  process.kill(up.pid, 'SIGUSR2')
  await told(page, 'Reloaded: generation 2')
  await page.reload()
  await told(page, 'Reloaded: generation 2')
  await page.waitForFunction(() => document.querySelectorAll('#charts canvas').length === 6)
})

test('the buttons pause, resume, scale and roll back', { skip }, async t => {
  const running = await show(t)
  const { page, url } = running
  await workers(page, 'serving', 2)

  await press(page, 'Pause')
  await page.getByText('Paused: nothing is in flight').waitFor()
  await page.locator('#state', { hasText: 'paused' }).waitFor()
  const held = get(url)
  await page.locator('#fact-held', { hasText: '1 request' }).waitFor()
  await press(page, 'Resume')
  assert.equal(await held, 'one')
  await page.locator('#state', { hasText: 'running' }).waitFor()

  await page.getByRole('button', { name: 'Scale' }).click()
  await page.getByRole('spinbutton', { name: 'Workers' }).fill('3')
  await page.keyboard.press('Enter')
  await workers(page, 'serving', 3)

  await press(page, 'Roll back')
  await page.locator('#notice[data-kind=failed]').waitFor()
  await page.getByRole('button', { name: 'Reload' }).click()
  await page.getByRole('checkbox').check()
  await page.getByRole('dialog').getByRole('button', { name: 'Reload' }).click()
  await page.getByText('Reloaded: generation 2 serves').waitFor()
  await press(page, 'Roll back')
  await page.getByText('Generation 1 serves').waitFor()
  await told(page, 'Switched to generation 1')
  await page.locator('#fact-generation', { hasText: '1' }).waitFor()
  // What was refused is told by the browser, too.
  assert.deepEqual(
    running.errors.filter(text => !/status of 409/.test(text)),
    []
  )
})

test('nothing is done when the question is not answered with yes', { skip }, async t => {
  const running = await show(t)
  const { page } = running
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Reload' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
  await press(page, 'Pause')
  await told(page, 'Paused')
  assert.equal(await page.locator('#time-line li[data-type=pause]').count(), 1)
  assert.equal(await page.locator('#time-line li[data-type=reloading]').count(), 0)
  calm(running)
})

test("an app's error is shown as the text that it is", { skip }, async t => {
  const running = await show(t)
  const { page, folder } = running
  const error = '<img src=x onerror="document.title=1"><script>document.title=1</script>'
  writeApp(folder, '2.0.0', `throw new Error(${JSON.stringify(error)})`)
  await press(page, 'Reload')
  await page.locator('#notice[data-kind=failed]').waitFor()
  const item = page.locator('#time-line li[data-type=reload]')
  assert.match(await item.innerText(), /Reload failed/)
  assert.ok((await item.locator('pre').innerText()).includes(`Error: ${error}`))
  assert.equal(await page.locator('img, body script').count(), 0)
  await workers(page, 'serving', 2)
  assert.deepEqual(
    running.errors.filter(text => !/status of 500/.test(text)),
    []
  )
})

test('a lost connection is told, with the age of what is shown, and made again', { skip }, async t => {
  const { page, up, folder, admin } = await show(t)
  await workers(page, 'serving', 2)
  process.kill(up.pid, 'SIGSTOP')
  await page.getByText(/What you see is \d+ s old/).waitFor()
  assert.equal(await page.getByRole('button', { name: 'Reload' }).isDisabled(), true)
  process.kill(up.pid, 'SIGCONT')
  await page.locator('#freshness', { hasText: 'live' }).waitFor()
  const first = await page.locator('#fact-pid').innerText()

  up.proc.kill('SIGKILL')
  await up.exited
  await page.locator('#freshness', { hasText: 'not connected' }).waitFor()
  rmSync(join(folder, 'app.cjs'))
  writeApp(folder, '3.0.0', appText('three'))
  const args = ['-p', '0', '-n', '1', '--no-control', '--admin', new URL(admin).port, 'app.cjs']
  startUp(t, args, { cwd: folder })
  await page.locator('#fact-version', { hasText: '3.0.0' }).waitFor()
  await workers(page, 'serving', 1)
  assert.notEqual(await page.locator('#fact-pid').innerText(), first)
  await told(page, /Worker \d+ is ready/)
  assert.equal(await page.locator('#time-line li').count(), 1)
})

test('a program that stops is marked', { skip }, async t => {
  const { page, up, url, folder } = await show(t)
  const slow = get(`${url}/slow`)
  await page.waitForFunction(() =>
    [...document.querySelectorAll('#workers [data-label="In flight"]')].some(cell => cell.textContent === '1')
  )
  process.kill(up.pid, 'SIGTERM')
  await page.locator('#state', { hasText: 'stopping' }).waitFor()
  assert.equal(await page.getByRole('button', { name: 'Reload' }).isDisabled(), true)
  writeFileSync(join(folder, 'go'), '')
  await slow
  await page.getByText(/It was stopping/).waitFor()
})

test('the page asks for the token, and keeps it in the tab', { skip }, async t => {
  const token = 'correct-horse-battery'
  const { page } = await show(t, ['--admin-token', token])
  const dialog = page.getByRole('dialog')
  await dialog.waitFor()
  await page.getByLabel('What --admin-token says').fill('wrong-horse-battery')
  await page.keyboard.press('Enter')
  await page.getByText('this is not the token').waitFor()
  await page.getByLabel('What --admin-token says').fill(token)
  await page.keyboard.press('Enter')
  await workers(page, 'serving', 2)
  await press(page, 'Reload')
  await told(page, 'Reloaded: generation 2')
  await page.reload()
  await workers(page, 'serving', 2)
  assert.equal(await dialog.count(), 0)
})

test('of a proxy the page shows the upstreams, and nothing that it has not', { skip }, async t => {
  const { place } = await startExternal(t, 'one')
  const up = startUp(t, [
    'proxy',
    '-p',
    '0',
    '--no-control',
    '--admin',
    '0',
    'localhost:1',
    `localhost:${place}`
  ])
  const url = await up.url()
  const [, admin = ''] = await up.line(/the admin page is at (\S+)/)
  const { page, errors } = await openPage(t, admin)
  await page.locator('#upstreams tbody tr', { hasText: 'localhost:1' }).waitFor()
  assert.deepEqual(await page.getByRole('navigation').getByRole('button').allInnerTexts(), [
    'Reload',
    'Pause'
  ])
  assert.equal(await page.locator('#workers-part').isVisible(), false)
  assert.deepEqual(await page.locator('figure:visible h3').allInnerTexts(), [
    'Requests per second',
    'Latency',
    'Errors per second',
    'Requests now'
  ])
  await get(url)
  const served = page.locator('#upstreams tbody tr', { hasText: `localhost:${place}` })
  await served.locator('[data-label=p99]', { hasText: /ms/ }).waitFor()
  assert.equal(await served.locator('[data-label=Errors]').innerText(), '0')
  await page.locator('.plot[aria-label^="Latency: p50 "][aria-label*=" ms"]').waitFor()
  await press(page, 'Reload')
  await told(page, 'Reloaded')
  await press(page, 'Pause')
  await told(page, 'Paused')
  assert.deepEqual(errors, [])
})

test('the page is usable on a phone, by day and by night', { skip }, async t => {
  const running = await show(t)
  const { page } = running
  await workers(page, 'serving', 2)
  await press(page, 'Reload')
  await page.getByText('Reloaded: generation 2 serves').waitFor()
  for (const width of [360, 600, 820, 1100, 1360]) {
    await page.setViewportSize({ width, height: 740 })
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    assert.equal(wide, 0, `${wide} pixels too wide for ${width}`)
  }
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    assert.deepEqual(await faint(page), [], colorScheme)
  }
  calm(running)
})

test('each button is reached by the keyboard, and shows it', { skip }, async t => {
  const running = await show(t)
  const { page } = running
  await workers(page, 'serving', 2)
  const reached: string[] = []
  for (let i = 0; i < 4; i++) {
    await page.keyboard.press('Tab')
    const focus = page.locator(':focus')
    reached.push(await focus.innerText())
    assert.notEqual(await focus.evaluate(node => getComputedStyle(node).outlineStyle), 'none')
  }
  assert.deepEqual(reached, ['Reload', 'Pause', 'Scale', 'Roll back'])
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  assert.equal(await page.locator(':focus').innerText(), 'Roll back')
  calm(running)
})

/** The texts whose contrast is below that of WCAG 2.2, 1.4.3 (AA): 4.5 to 1. */
function faint(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const luminance = (colour: string): number => {
      const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+/g) ?? []).map(value => {
        const part = Number(value) / 255
        return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const back = (node: Element | null): string => {
      if (node === null) return 'rgb(255, 255, 255)'
      const { backgroundColor } = getComputedStyle(node)
      return /, 0\)|transparent/.test(backgroundColor) ? back(node.parentElement) : backgroundColor
    }
    return [...document.querySelectorAll('body *')].flatMap(node => {
      const text = [...node.childNodes]
        .filter(({ nodeType }) => nodeType === 3)
        .map(child => child.textContent)
      const shown = text.join('').trim()
      if (shown === '' || !node.checkVisibility()) return []
      const [low = 0, high = 0] = [luminance(getComputedStyle(node).color), luminance(back(node))].sort(
        (a, b) => a - b
      )
      const contrast = (high + 0.05) / (low + 0.05)
      return contrast < 4.5 ? [`${shown}: ${contrast.toFixed(2)}`] : []
    })
  })
}
