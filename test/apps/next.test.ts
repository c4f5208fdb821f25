import { HttpTalker } from '../helpers/apps/http-talker.js'
import { prove, type App } from '../helpers/apps/prove.js'
import { REST, type Questions } from '../helpers/apps/questions.js'
import type { Client } from '../helpers/apps/talker.js'

/**
 * Next.js shows an app its client by X-Forwarded-For only, which it takes from the socket where it is missing. A
 * proxy writes an IPv4 address in plain form there.
 */
const questions: Questions = {
  ...REST,
  client: {
    path: '/client',
    read(body) {
      const client = JSON.parse(body) as Pick<Client, 'headers'>
      return { ...client, address: String(client.headers['x-forwarded-for']).replace('::ffff:', '') }
    }
  }
}
const app: Omit<App, 'main'> = { folder: 'next', visitor: port => new HttpTalker({ port, questions }) }

prove('Next.js with a server of its own', { ...app, main: 'server.js' })
prove('next start', { ...app, main: '../node_modules/next/dist/bin/next', args: ['start'] })
