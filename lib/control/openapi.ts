import { readFile } from 'node:fs/promises'

/** The description of the API (OpenAPI 3.1), which the package brings. */
const FILE = new URL('../../../docs/openapi.json', import.meta.url)

export async function readOpenApi(): Promise<unknown> {
  return JSON.parse(await readFile(FILE, 'utf8')) as unknown
}
