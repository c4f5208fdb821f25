import type { Head, Reading } from './reading.js'
import { SHORT_LIVED, STRICTNESS } from './strictness.js'

/** What is wrong with our reading of the text, given llhttp's; undefined if nothing is. */
export function fault(text: string, ours: Reading, llhttp: Reading): string | undefined {
  if (ours.ending === 'whole' || ours.ending === 'tunnel') {
    if (ours.ending !== llhttp.ending) return `we take what llhttp does not: ${llhttp.ending}, ${llhttp.why}`
    return unlike(ours, llhttp) ?? lastingFault(text, ours, llhttp)
  }
  if (ours.ending === 'short') {
    if (llhttp.ending === 'short') return unlike(ours, llhttp)
    // Nobody is given a head before it is whole, or waits longer for its end than for an answer.
    if (llhttp.ending !== 'refused') return `we wait for the end of what is ${llhttp.ending}`
  } else if (llhttp.ending !== 'refused' && strictnessOf(text, ours, llhttp) === undefined) {
    return `we refuse what llhttp takes, and the reason is not in the table: ${ours.why}`
  }
  return beyond(ours, llhttp)
}

/** The class of a response that we refuse and llhttp does not. */
export function strictnessOf(text: string, ours: Reading, llhttp: Reading): string | undefined {
  return STRICTNESS.find(({ refusal, holds }) => refusal.test(ours.why) && holds(text, llhttp))?.title
}

/** Where two readings differ in what they hand on. */
function unlike(ours: Reading, llhttp: Reading): string | undefined {
  if (ours.interim.length !== llhttp.interim.length) return 'the interim answers differ in number'
  if (ours.body !== llhttp.body) return 'the bodies differ'
  if (ours.rest !== llhttp.rest) return 'what follows differs'
  if ((ours.head === undefined) !== (llhttp.head === undefined)) return 'only one has a head'
  return beyond(ours, llhttp)
}

/** Where we had handed on what llhttp did not, before we refused or the connection was closed. */
function beyond(ours: Reading, llhttp: Reading): string | undefined {
  if (ours.interim.some((head, i) => !same(head, llhttp.interim[i]))) return 'the interim answers differ'
  if (ours.head !== undefined && !same(ours.head, llhttp.head)) return 'the heads differ'
  return llhttp.body.startsWith(ours.body) ? undefined : 'the bodies differ in their beginnings'
}

function same(ours: Head, llhttp: Head | undefined): boolean {
  return (
    ours.status === llhttp?.status &&
    ours.reason === llhttp.reason &&
    ours.fields.length === llhttp.fields.length &&
    ours.fields.every((text, i) => text === llhttp.fields[i])
  )
}

function lastingFault(text: string, ours: Reading, llhttp: Reading): string | undefined {
  if (ours.ending === 'tunnel' || ours.head?.persistent === llhttp.head?.persistent) return undefined
  if (ours.head?.persistent === true) return 'we use a connection that llhttp would close'
  if (Object.values(SHORT_LIVED).some(holds => holds(text))) return undefined
  return 'we close a connection that llhttp would use, and the reason is not in the table'
}
