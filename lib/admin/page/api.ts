const TOKEN = 'up-admin-token'

/** An answer that says no. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** Kept until the tab is closed. */
export function saveToken(token: string): void {
  sessionStorage.setItem(TOKEN, token)
}

/**
 * Asks for a path of the control API.
 *
 * @throws {ApiError} the answer says no
 */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const token = sessionStorage.getItem(TOKEN)
  const headers = new Headers(init.headers)
  if (token !== null) headers.set('Authorization', `Bearer ${token}`)
  const response = await fetch(path, { ...init, headers, cache: 'no-store' }).catch((cause: unknown) => {
    throw new Error('there was no answer: what became of it, the time line will tell', { cause })
  })
  if (response.ok) return response
  const { code, message } = await errorOf(response)
  throw new ApiError(response.status, code, message)
}

/** @throws {ApiError} */
export async function call(path: string, params: object = {}): Promise<unknown> {
  const response = await ask(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(params)
  })
  return response.json()
}

async function errorOf(response: Response): Promise<{ code: string; message: string }> {
  try {
    const { error } = (await response.json()) as { error: { code: string; message: string } }
    return { code: error.code, message: error.message }
  } catch {
    return { code: 'UP_ERR_INTERNAL', message: `the answer was ${response.status}` }
  }
}
