import { OptionError, UpError } from '../../errors.js'
import { listInstances } from '../../instances/instances.js'
import { knock } from '../../instances/live-socket.js'

/** Which program is meant. */
export interface Wanted {
  readonly name: string | undefined
  /** The path of its control socket, in place of a name. */
  readonly control: string | undefined
  /** Where sockets are by name. */
  readonly folder: string
}

/**
 * The path of the control socket that is meant: of the only program, where none is named.
 *
 * @throws {UpError} `UP_ERR_INSTANCE`: there is none, or there are several
 * @throws {OptionError} `UP_ERR_OPTION`: a name and a path
 */
export async function findInstance({ name, control, folder }: Wanted): Promise<string> {
  if (control !== undefined) {
    if (name !== undefined) throw new OptionError('--control', control, 'absent, as a name is given')
    if ((await knock(control)) === 'dead') throw none(`nobody answers at the control socket ${control}`)
    return control
  }
  const all = await listInstances(folder)
  const names = all.map(one => one.name).join(', ')
  if (name !== undefined) {
    const found = all.find(one => one.name === name)
    if (found !== undefined) return found.path
    throw none(
      `no up is called ${JSON.stringify(name)}: ${all.length === 0 ? 'none runs' : `there is ${names}`}`
    )
  }
  const [only, ...others] = all
  if (only === undefined) throw none(`no up runs: there is no control socket in ${folder}`)
  if (others.length > 0) throw none(`say which one is meant: there is ${names}`)
  return only.path
}

function none(message: string): UpError {
  return new UpError('UP_ERR_INSTANCE', message)
}
