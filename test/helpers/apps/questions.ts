import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import type { Client } from './talker.js'

/** A request, and how to read its answer. */
export interface Question<T> {
  readonly path: string
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string
  read(body: string, headers: IncomingHttpHeaders): T
}

/** How an app is asked what all apps here can tell. */
export interface Questions {
  readonly hello: Question<string>
  readonly pid: Question<number>
  readonly client: Question<Client>
  echo(text: string): Question<string>
}

export const REST: Questions = {
  hello: { path: '/', read: String },
  pid: { path: '/pid', read: Number },
  client: { path: '/client', read: body => JSON.parse(body) as Client },
  echo: text => ({
    path: '/echo',
    method: 'POST',
    headers: { 'Content-Type': 'text/plain' },
    body: text,
    read: String
  })
}

export const GRAPHQL: Questions = {
  hello: query('{ __typename }', String),
  pid: query('{ pid }', body => data<{ pid: number }>(body).pid),
  client: query('{ client { address port family headers } }', body => {
    const { client } = data<{ client: Client & { headers: string } }>(body)
    return { ...client, headers: JSON.parse(client.headers) as Client['headers'] }
  }),
  echo: text =>
    query('mutation ($text: String!) { echo(text: $text) }', body => data<{ echo: string }>(body).echo, {
      text
    })
}

function query<T>(source: string, read: (body: string) => T, variables: object = {}): Question<T> {
  return {
    path: '/graphql',
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ query: source, variables }),
    read
  }
}

function data<T>(body: string): T {
  return (JSON.parse(body) as { data: T }).data
}
