import { randomBytes } from 'node:crypto'

/** One request, and what is to come back. */
export interface Job {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body: Buffer | undefined
  /** What is wrong with the answer; undefined: nothing. */
  readonly check: (status: number, body: string) => string | undefined
}

const MIN_BODY = 1000
const MAX_BODY = 1_000_000
const NOISE = randomBytes(MAX_BODY)

/** For the backend of this bench: it answers with the id, and with the length of the body. */
export function echoJob(id: number): Job {
  const isPost = id % 2 === 1
  // As many between 1 and 10 kB as between 100 kB and 1 MB.
  const length = Math.round(MIN_BODY * (MAX_BODY / MIN_BODY) ** Math.random())
  const expected = `${id} ${isPost ? length : 0}`
  return {
    method: isPost ? 'POST' : 'GET',
    path: `/${id}`,
    body: isPost ? NOISE.subarray(0, length) : undefined,
    check: (status, body) =>
      status === 200 && body === expected ? undefined : `${status} ${body.slice(0, 100)}`
  }
}

/** For the example `migration`: adds people, and asks for some that were added. */
export class PeopleJobs {
  readonly #names = new Map<number, string>()

  make(id: number): Job {
    return id % 2 === 1 || this.#names.size === 0 ? this.#add(id) : this.#find()
  }

  #add(id: number): Job {
    const name = `Visitor Number${id}`
    return {
      method: 'POST',
      path: '/',
      body: Buffer.from(name),
      check: (status, body) => {
        const row = Number(body)
        if (status !== 201 || this.#names.has(row)) return `${status} ${body.slice(0, 100)}`
        this.#names.set(row, name)
        return undefined
      }
    }
  }

  #find(): Job {
    const rows = [...this.#names.keys()]
    const row = rows[Math.floor(Math.random() * rows.length)] ?? 0
    const name = this.#names.get(row) ?? ''
    // As release 1 writes it, and as release 2 does.
    const forms = [name, name.split(' ').reverse().join(', ')]
    return {
      method: 'GET',
      path: `/${row}`,
      body: undefined,
      check: (status, body) =>
        status === 200 && forms.includes(body.trim()) ? undefined : `${status} ${body.slice(0, 100)}`
    }
  }
}
