import type { IncomingMessage } from 'node:http'

export enum Page {
  Client = '/client',
  Echo = '/echo',
  Pid = '/pid'
}

export function describeClient({ socket, headers }: IncomingMessage): object {
  const { remoteAddress: address, remotePort: port, remoteFamily: family } = socket
  return { address, port, family, headers }
}
