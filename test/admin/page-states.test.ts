/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { AdminServer } from '#lib/admin/admin-server.js'
import { noChromium, openPage, type Shown } from '../helpers/chromium.js'
import { Deferred } from '../helpers/deferred.js'
import { FakeSteered, fakeWorker } from '../helpers/fake-steered.js'

const skip = noChromium

interface Steering extends Shown {
  readonly steered: FakeSteered
  readonly server: AdminServer
}

async function show(t: TestContext, shown: FakeSteered['shown'] = {}): Promise<Steering> {
  const server = await AdminServer.open({ address: { host: '127.0.0.1', port: 0 }, token: undefined })
  const steered = new FakeSteered()
  t.after(() => {
    server.close()
    steered.close()
  })
  steered.shown = shown
  server.show(steered)
  const opened = await openPage(t, server.url)
  await opened.page.locator('#freshness', { hasText: 'live' }).waitFor()
  return { steered, server, ...opened }
}

test('what has no version, or no process yet, is not shown as null', { skip }, async t => {
  const worker = { version: undefined }
  const { page, errors } = await show(t, {
    version: undefined,
    workers: [fakeWorker(7, worker), { ...fakeWorker(8, { ...worker, state: 'spawning' }), pid: undefined }]
  })
  await page.locator('#workers [data-pid="7"]').waitFor()
  assert.doesNotMatch(await page.locator('body').innerText(), /null|undefined/)
  assert.match(await page.locator('#workers .group').innerText(), /^Generation 1\s+current, 1 worker$/)
  assert.equal(await page.locator('#fact-version').isVisible(), false)
  assert.deepEqual(errors, [])
})

test(
  'what was pressed by the keyboard keeps the focus while it is done, and does nothing more',
  { skip },
  async t => {
    const { page, steered } = await show(t)
    const done = new Deferred()
    steered.outcome = () => done.promise
    await page.locator('#reload').focus()
    await page.keyboard.press('Enter')
    await page.locator('#confirm-yes').focus()
    await page.keyboard.press('Enter')
    await page.locator('#reload[aria-busy=true]').waitFor()
    assert.equal(await page.locator(':focus').innerText(), 'Reload')
    await page.keyboard.press('Enter')
    assert.equal(await page.getByRole('dialog').count(), 0)
    done.resolve()
    await page.getByText('generation 2 serves').waitFor()
    assert.equal(await page.locator(':focus').innerText(), 'Reload')
    assert.deepEqual(steered.calls, ['reload'])
  }
)

test('whatever is text stays text, wherever it comes from', { skip }, async t => {
  const { page, steered, errors } = await show(t)
  const text = '<img src=x onerror="document.title=1">'
  const shown = { name: text, file: text, version: text }
  steered.shown = { ...shown, workers: [fakeWorker(1, { version: text })] }
  const error = { code: text, message: text }
  const told = { ...shown, generation: text, why: text, reason: text, code: text, message: text }
  for (const type of [
    'reloading',
    'reload',
    'standby',
    'switch',
    'spawn',
    'terminate',
    'available',
    'unavailable',
    'fail',
    'stopping'
  ])
    steered.feed.tell(type, { ...told, outcome: 'failed', error, signal: text, pid: text, workers: 1 })
  await page.locator('#time-line li[data-type=stopping]').waitFor()
  await page.locator('#name', { hasText: text }).waitFor()
  assert.equal(await page.locator('#time-line li').count(), 9)
  assert.equal(await page.locator('img, body script').count(), 0)
  assert.equal(await page.title(), `${text} – up`)
  assert.deepEqual(errors, [])
})

test('the focus goes to the button that comes in the place of another', { skip }, async t => {
  const { page, steered } = await show(t)
  await page.locator('#pause').focus()
  steered.shown = { state: 'paused', pausedBy: ['pause'] }
  await page.locator('#resume').waitFor()
  assert.equal(await page.locator(':focus').innerText(), 'Resume')
  steered.shown = {}
  await page.locator('#pause').waitFor()
  assert.equal(await page.locator(':focus').innerText(), 'Pause')
})

test('a pause that Resume does not end says why', { skip }, async t => {
  const { page } = await show(t, { state: 'paused', pausedBy: ['hold-file'] })
  assert.equal(await page.locator('#state').innerText(), 'paused: the hold file is missing')
  assert.equal(await page.getByRole('button', { name: 'Resume' }).isDisabled(), true)
})

test('a number that is typed takes the place of the present one', { skip }, async t => {
  const { page, steered } = await show(t)
  await page.getByRole('button', { name: 'Scale' }).click()
  await page.keyboard.type('5')
  await page.keyboard.press('Enter')
  await page.getByText('Scaled to 5 workers').waitFor()
  assert.deepEqual(steered.calls, ['scale 5'])
})

test('what fails is told, in full, and may be tried again', { skip }, async t => {
  const { page, steered } = await show(t)
  steered.outcome = async () => {
    throw new Error(`no room ${'at all '.repeat(200)}`)
  }
  for (let i = 1; i <= 2; i++) {
    await page.locator('#pause').click()
    await page.locator('#confirm-yes').click()
    await page.locator('#notice[data-kind=failed]', { hasText: 'no room at all' }).waitFor()
    const box = await page.locator('#notice').boundingBox()
    assert.ok(box !== null && box.y > 0, 'it is higher than the page')
    await page.locator('#notice-close').click()
  }
  assert.deepEqual(steered.calls, ['pause', 'pause'])
})

test('that the connection is lost is read aloud once, and its age not at all', { skip }, async t => {
  const { page, server } = await show(t)
  await page.evaluate(() => {
    const told: string[] = []
    const watch = new MutationObserver(changes => {
      for (const { target } of changes) {
        const node = target instanceof Element ? target : target.parentElement
        const region = node?.closest('[role=alert], [role=status], [aria-live]')
        if (region != null) told.push(region.textContent ?? '')
      }
    })
    watch.observe(document.body, { subtree: true, childList: true, characterData: true })
    Object.assign(globalThis, { told })
  })
  server.close()
  for (const age of [4, 5, 6]) await page.getByText(`What you see is ${age} s old`).waitFor()
  const told = await page.evaluate(() => (globalThis as unknown as { told: string[] }).told)
  assert.deepEqual(told, ['not connected'])
})

test('the charts are near, and nothing is too wide, with fifty workers and long names', { skip }, async t => {
  const { page } = await show(t, {
    file: `/srv/${'a-long-name-'.repeat(20)}/app.js`,
    version: '1.0.0-rc.1+build.20260102030405',
    workers: Array.from({ length: 50 }, (_, i) =>
      fakeWorker(4_000_000 + i, { requests: 123_456_789, memoryBytes: 2e9, p99Ms: 123.4, cpuPercent: 99.9 })
    )
  })
  for (const width of [320, 768, 1440]) {
    await page.setViewportSize({ width, height: 800 })
    const [wide = 0, below = 0] = await page.evaluate(() => [
      document.documentElement.scrollWidth - innerWidth,
      document.querySelector('#charts')?.getBoundingClientRect().top ?? Infinity
    ])
    assert.equal(wide, 0, `${wide} pixels too wide for ${width}`)
    assert.ok(below < 1200, `the charts are ${below} pixels below the top`)
  }
})

test('the charts go on when the clock of the server is set back', { skip }, async t => {
  const { page, steered } = await show(t)
  await page.locator('.plot[aria-label*="held 0"]').waitFor()
  const { now } = Date
  t.mock.method(Date, 'now', () => now() - 3_600_000)
  steered.shown = { held: 7 }
  await page.locator('.plot[aria-label*="held 7"]').waitFor()
})
