import type { RequestListener } from 'node:http'
import { ControlSocket } from '../control/control-socket.js'
import { UpError } from '../errors.js'
import { openControlFolder } from '../instances/control-folder.js'
import { assertFits, socketPathOf } from '../instances/instances.js'
import type { ControlOptions } from './options.js'

/** So many may have the same name; the further ones get a number. */
const SAME_NAME = 99

/** The control socket of this program. */
export interface Control {
  readonly name: string
  close(): void
}

/**
 * Opens the control socket: at the path, or by the name that was asked for, else by the first free one that is like
 * the app's.
 *
 * @param found the app's name
 * @throws {UpError} `UP_ERR_CONTROL`: it can't be opened, or the name is taken
 */
export async function openControl(
  { control, name, folder }: ControlOptions,
  found: string,
  listener: RequestListener
): Promise<Control | undefined> {
  if (control === false) return undefined
  if (control !== undefined) {
    assertFits(control)
    const own = name ?? found
    const socket = await ControlSocket.open(control, listener)
    if (socket === undefined) throw taken(`the control socket ${control}`)
    return { name: own, close: () => socket.close() }
  }
  openControlFolder(folder)
  for (let i = 1; i <= (name === undefined ? SAME_NAME : 1); i++) {
    const own = name ?? (i === 1 ? found : `${found}-${i}`)
    const path = socketPathOf(folder, own)
    const socket = await ControlSocket.open(path, listener)
    if (socket !== undefined) return { name: own, close: () => socket.close() }
  }
  throw taken(`the name ${name ?? found}`)
}

function taken(what: string): UpError {
  return new UpError('UP_ERR_CONTROL', `${what} is taken by an up that runs already`)
}
