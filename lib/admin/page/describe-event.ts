import { formatMs, plural } from './format.js'
import type { Happened } from './types.js'

/** An event in words. */
export interface Entry {
  /** What colour and shape it has. */
  readonly kind: string
  readonly text: string
  readonly more?: string
  /** What an app has said of itself, as it said it. */
  readonly detail?: string
}

interface Before {
  /** Whether the worker was told to go. */
  readonly wasRetired: boolean
  /** Whether the worker was ready at some time. */
  readonly wasReady: boolean
  /** Whether a reload runs, which will tell of itself. */
  readonly reloads: boolean
}

/** @returns undefined: it is told by another one */
export function describeEvent(event: Happened, before: Before): Entry | undefined {
  switch (event.type) {
    case 'reloading':
      return { kind: 'starting', text: 'Reloading', ...more(event.why) }
    case 'reload':
      return describeReload(event)
    case 'switch':
      return before.reloads ? undefined : { kind: 'good', text: `Switched to ${generationOf(event)}` }
    case 'standby':
      return { kind: 'waiting', text: `${generationOf(event)} is ready and waits` }
    case 'spawn':
      return { kind: 'minor', text: `Worker ${event.pid ?? '?'} is ready`, more: spawned(event) }
    case 'terminate':
      return describeEnd(event, before)
    case 'pause':
      return { kind: 'paused', text: 'Paused', ...more(whyPaused(event)) }
    case 'resume':
      return { kind: 'good', text: 'Resumed' }
    case 'scale':
      return { kind: 'good', text: `Scaled to ${plural(event.workers ?? 0, 'worker')}` }
    case 'available':
      return { kind: 'good', text: `${event.name ?? ''} is available` }
    case 'unavailable':
      return { kind: 'failed', text: `${event.name ?? ''} is unavailable`, ...more(event.reason) }
    case 'fail':
      // A reload that fails tells why by itself.
      if (before.reloads) return undefined
      return { kind: 'failed', text: 'Failed', more: String(event.code ?? ''), ...detail(event.message) }
    case 'stopping':
      return { kind: 'paused', text: 'Stopping', ...more(event.why) }
    default:
      return undefined
  }
}

function describeReload(event: Happened): Entry {
  const { outcome, error, durationMs } = event
  const took = formatMs(durationMs)
  if (outcome === 'ok') {
    // A proxy has none.
    const what = event.generation === undefined ? '' : `: ${generationOf(event)}`
    return { kind: 'good', text: `Reloaded${what}`, more: `in ${took}` }
  }
  return {
    kind: 'failed',
    text: 'Reload failed',
    more: `after ${took}, ${error?.code ?? ''}`,
    ...detail(error?.message)
  }
}

function describeEnd({ pid, code, signal, generation }: Happened, before: Before): Entry {
  const of = `${whyOf(code, signal)}generation ${generation ?? '?'}`
  if (before.wasRetired) return { kind: 'minor', text: `Worker ${pid ?? '?'} has left`, more: of }
  return {
    kind: 'failed',
    text: `Worker ${pid ?? '?'} ${before.wasReady ? 'died' : 'did not start'}`,
    more: of
  }
}

function whyPaused({ pausedBy = [] }: Happened): string {
  return pausedBy.includes('hold-file') ? 'the hold file is missing' : ''
}

/** How it ended, unless that is how it was to end. */
function whyOf(code: Happened['code'], signal: Happened['signal']): string {
  if (signal != null) return signal === 'SIGTERM' ? '' : `${signal}, `
  return code == null || code === 0 ? '' : `exit code ${code}, `
}

function spawned({ generation, readyMs }: Happened): string {
  return `generation ${generation ?? '?'}, after ${formatMs(readyMs)}`
}

function generationOf({ generation, version }: Happened): string {
  return `generation ${generation ?? '?'}${version == null ? '' : `, version ${version}`}`
}

function more(text: string | undefined): { more?: string } {
  return text === undefined || text === '' ? {} : { more: text }
}

function detail(text: string | undefined): { detail?: string } {
  return text === undefined || text === '' ? {} : { detail: text }
}
