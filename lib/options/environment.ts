/** Whether NODE_ENV says `development`; unset does not. */
export function isDevelopment(): boolean {
  return process.env['NODE_ENV'] === 'development'
}
