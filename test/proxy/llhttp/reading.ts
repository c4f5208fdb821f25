import { UpstreamError } from '#lib/errors.js'
import type { ResponseHead } from '#lib/proxy/response-head.js'
import { ResponseParser } from '#lib/proxy/response-parser.js'

/** What a parser makes of one response on a connection that is closed behind it; all text is latin1. */
export interface Reading {
  /** 1xx answers before the final one. */
  readonly interim: Head[]
  /** The final answer's. */
  head: Head | undefined
  body: string
  /** What lies behind the response. */
  rest: string
  /**
   * `whole`: the response is; `tunnel`: another protocol follows; `short`: the connection was closed before
   * the response was whole; `refused`: it is not valid.
   */
  ending: 'whole' | 'tunnel' | 'short' | 'refused'
  /** Why, for people. */
  why: string
}

export interface Head {
  readonly status: number
  readonly reason: string
  readonly fields: readonly string[]
  /** Whether the connection can carry another response; as for a response that is not whole, unknown. */
  persistent: boolean
}

export function emptyReading(): Reading {
  return { interim: [], head: undefined, body: '', rest: '', ending: 'short', why: '' }
}

/** Reads the pieces with our parser. */
export function read(pieces: readonly Buffer[], method: string): Reading {
  const reading = emptyReading()
  const parser = new ResponseParser(method, {
    onInformation: head => void reading.interim.push(essence(head)),
    onHead(head) {
      reading.head = essence(head)
      if (head.status === 101) reading.ending = 'tunnel'
    },
    onData: piece => void (reading.body += piece.toString('latin1')),
    onEnd: () => void (reading.ending = 'whole')
  })
  try {
    for (const piece of pieces) reading.rest += parser.execute(piece).toString('latin1')
    parser.finish()
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
    reading.ending = error.code === 'UP_ERR_BAD_RESPONSE' ? 'refused' : 'short'
    reading.why = error.message
  }
  return reading
}

function essence({ status, reason, fields, persistent }: ResponseHead): Head {
  return { status, reason, fields, persistent }
}
