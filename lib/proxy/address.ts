/** Where requests are forwarded to: a TCP port or a UNIX socket. */
export type Address =
  | { readonly port: number; readonly host: string; readonly socketPath?: undefined }
  | { readonly socketPath: string; readonly port?: undefined; readonly host?: undefined }

/** An address as text: the key of its connection pool, and its name in error messages. */
export function addressText(address: Address): string {
  if (address.socketPath !== undefined) return `unix:${address.socketPath}`
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}
