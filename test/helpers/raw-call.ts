import { connect } from 'node:net'
import type { TestContext } from 'node:test'
import { within } from './wait.js'

/** Sends a text; resolves with all that the other side says until it ends the connection. */
export async function exchange(t: TestContext, path: string, text: string): Promise<string> {
  const socket = connect(path)
  t.after(() => socket.destroy())
  let answer = ''
  socket.setEncoding('latin1').on('data', (piece: string) => (answer += piece))
  const ended = new Promise(resolve => socket.once('close', resolve))
  socket.on('error', () => {})
  socket.write(text)
  await within(ended, 'the end of the connection')
  return answer
}
