import type { ClientCommand } from './client-command.js'
import { completionCommand } from './completion.js'
import { STEERING } from './steering.js'

/** The commands that look at programs that run, or steer them: `up status` and the like. */
export const COMMANDS: readonly ClientCommand[] = [...STEERING, completionCommand]
