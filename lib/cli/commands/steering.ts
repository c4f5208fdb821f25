import type { ClientCommand } from './client-command.js'
import { lsCommand } from './ls.js'
import { pauseCommand } from './pause.js'
import { reloadCommand } from './reload.js'
import { resumeCommand } from './resume.js'
import { scaleCommand } from './scale.js'
import { statusCommand } from './status.js'
import { stopCommand } from './stop.js'
import { abortCommand, promoteCommand, rollbackCommand } from './switches.js'
import { upstreamsCommand } from './upstreams.js'

/** Those that talk to programs that run, in the order of the help. */
export const STEERING: readonly ClientCommand[] = [
  lsCommand,
  statusCommand,
  reloadCommand,
  pauseCommand,
  resumeCommand,
  scaleCommand,
  stopCommand,
  promoteCommand,
  abortCommand,
  rollbackCommand,
  upstreamsCommand
]
