/**
 * The variable that tells a process of node:cluster the name of the field which tells the client. Not an argument:
 * those of a process everybody on the machine can read.
 */
export const FIELD_VARIABLE = 'UP_CLIENT_FIELD'
