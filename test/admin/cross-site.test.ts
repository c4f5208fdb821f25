/// <reference lib="dom" />
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test, type TestContext } from 'node:test'
import type { Page } from 'playwright-core'
import { AdminServer } from '#lib/admin/admin-server.js'
import { noChromium, openPage } from '../helpers/chromium.js'
import { FakeSteered } from '../helpers/fake-steered.js'
import { listen } from '../helpers/raw.js'

const skip = noChromium

interface Attack {
  readonly steered: FakeSteered
  /** A page of another origin on this machine: browsers call another port the same site. */
  readonly page: Page
  /** The admin page, by the name that the other page has, and by another name. */
  readonly targets: readonly string[]
}

async function attack(t: TestContext): Promise<Attack> {
  const server = await AdminServer.open({ address: { host: '127.0.0.1', port: 0 }, token: undefined })
  const steered = new FakeSteered()
  const evil = createServer((req, res) => {
    // Its origin is null then.
    if (req.url === '/sandboxed')
      res.setHeader('Content-Security-Policy', 'sandbox allow-forms allow-scripts')
    res.setHeader('Content-Type', 'text/html').end('<title>evil</title>')
  })
  t.after(() => {
    server.close()
    steered.close()
    evil.close()
    evil.closeAllConnections()
  })
  server.show(steered)
  const { port } = await listen(t, evil)
  const { page } = await openPage(t, `http://127.0.0.1:${port}/`)
  return { steered, page, targets: [server.url, server.url.replace('127.0.0.1', 'localhost')] }
}

test("another site's page, in a browser, neither reads nor changes anything", { skip }, async t => {
  const { steered, page, targets } = await attack(t)
  for (const target of targets) {
    const read = await page.evaluate(async url => {
      const tries: Record<string, () => Promise<string>> = {
        fetch: async () => (await fetch(`${url}status`)).text(),
        'fetch, opaque': async () => (await fetch(`${url}status`, { mode: 'no-cors' })).text(),
        'fetch, JSON': async () =>
          (
            await fetch(`${url}resume`, { method: 'POST', headers: { 'Content-Type': 'application/json' } })
          ).text(),
        'fetch, simple': async () =>
          (await fetch(`${url}scale`, { method: 'POST', mode: 'no-cors', body: '{"workers":9}' })).text(),
        'fetch, without a body': async () =>
          (await fetch(`${url}resume`, { method: 'POST', mode: 'no-cors' })).text(),
        beacon: async () => {
          navigator.sendBeacon(`${url}resume`)
          navigator.sendBeacon(`${url}scale`, new Blob(['{"workers":9}'], { type: 'text/plain' }))
          return ''
        },
        events: () =>
          new Promise((resolve, reject) => {
            const source = new EventSource(`${url}events`)
            source.addEventListener('status', ({ data }) => resolve(String(data)))
            source.onerror = reject
          }),
        script: () =>
          new Promise((resolve, reject) => {
            const script = document.createElement('script')
            script.src = `${url}status`
            script.onload = () => resolve('a script')
            script.onerror = reject
            document.head.append(script)
          })
      }
      const got: string[] = []
      for (const [name, attempt] of Object.entries(tries)) {
        const text = await attempt().catch(() => '')
        if (text !== '') got.push(`${name}: ${text}`)
      }
      return got
    }, target)
    assert.deepEqual(read, [])
  }
  assert.deepEqual(steered.calls, [])
})

test("a form of another site's page, also of one without an origin, changes nothing", { skip }, async t => {
  const { steered, page, targets } = await attack(t)
  const home = page.url()
  for (const target of targets)
    for (const path of ['', 'sandboxed'])
      for (const encoding of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
        await page.goto(home + path)
        await page.evaluate(
          ([action, enctype]) => {
            const form = Object.assign(document.createElement('form'), { method: 'post', enctype, action })
            const input = document.createElement('input')
            Object.assign(input, { name: '{"workers":9,"x":"', value: '"}' })
            form.append(input)
            document.body.append(form)
          },
          [`${target}scale`, encoding] as const
        )
        const answer = page.waitForNavigation()
        await page.evaluate(() => document.forms[0]?.submit())
        assert.equal((await answer)?.status(), 403)
      }
  assert.deepEqual(steered.calls, [])
})

test("the admin page is not shown within another site's page", { skip }, async t => {
  const { page, targets } = await attack(t)
  for (const target of targets) {
    const refused = page.waitForEvent('console', message => /frame-ancestors/.test(message.text()))
    await page.evaluate(url => {
      const frame = document.createElement('iframe')
      frame.src = url
      document.body.append(frame)
    }, target)
    await refused
  }
})
