/** A part of an OpenAPI 3.1 file: a JSON Schema of the kind that docs/openapi.json is written in. */
export interface Schema {
  readonly [keyword: string]: unknown
}

/** Words that say nothing of a value. */
const SILENT = ['description', 'format']

/**
 * What is wrong with a value by a schema. Knows the few keywords that the project's file uses, and throws at any
 * other, so that none is passed over. Stricter than JSON Schema in one thing: an object may have only the properties
 * that are named, so that nothing stays undocumented.
 */
export function faults(root: Schema, schema: Schema, value: unknown, at = '$'): string[] {
  const found: string[] = []
  const fault = (text: string): void => void found.push(`${at}: ${text}`)
  for (const [keyword, wanted] of Object.entries(schema)) {
    switch (keyword) {
      case '$ref':
        found.push(...faults(root, resolve(root, wanted as string), value, at))
        break
      case 'oneOf': {
        const tries = (wanted as Schema[]).map(one => faults(root, one, value, at))
        const fitting = tries.filter(one => one.length === 0).length
        if (fitting !== 1) fault(`fits ${fitting} of ${tries.length}: ${tries.flat().join('; ')}`)
        break
      }
      case 'type': {
        const types = [wanted].flat() as string[]
        if (!types.some(type => isOf(type, value)))
          fault(`${JSON.stringify(value)} is no ${types.join(' or ')}`)
        break
      }
      case 'const':
        if (value !== wanted) fault(`${JSON.stringify(value)} is not ${JSON.stringify(wanted)}`)
        break
      case 'enum':
        if (!(wanted as unknown[]).includes(value))
          fault(`${JSON.stringify(value)} is none of ${String(wanted)}`)
        break
      case 'minimum':
        if (typeof value === 'number' && value < (wanted as number))
          fault(`${value} is less than ${String(wanted)}`)
        break
      case 'maximum':
        if (typeof value === 'number' && value > (wanted as number))
          fault(`${value} is more than ${String(wanted)}`)
        break
      case 'items':
        if (Array.isArray(value))
          value.forEach((item, i) => found.push(...faults(root, wanted as Schema, item, `${at}[${i}]`)))
        break
      case 'properties':
        if (isRecord(value))
          for (const [name, one] of Object.entries(wanted as Record<string, Schema>))
            if (Object.hasOwn(value, name)) found.push(...faults(root, one, value[name], `${at}.${name}`))
        break
      case 'required':
        if (isRecord(value))
          for (const name of wanted as string[]) if (!Object.hasOwn(value, name)) fault(`${name} is missing`)
        break
      case 'additionalProperties':
        if (wanted !== true) throw new Error(`additionalProperties: ${String(wanted)} is not understood`)
        break
      default:
        if (!SILENT.includes(keyword)) throw new Error(`the keyword ${keyword} is not understood`)
    }
  }
  if (isRecord(value) && isRecord(schema['properties']) && schema['additionalProperties'] !== true)
    for (const name of Object.keys(value))
      if (!Object.hasOwn(schema['properties'], name)) fault(`${name} is not documented`)
  return found
}

/** What a `$ref` within the file leads to. */
export function resolve(root: Schema, ref: string): Schema {
  let found: unknown = root
  for (const name of ref.replace(/^#\//, '').split('/')) found = isRecord(found) ? found[name] : undefined
  if (!isRecord(found)) throw new Error(`${ref} leads nowhere`)
  return found
}

function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case 'null':
      return value === null
    case 'integer':
      return Number.isInteger(value)
    case 'number':
      return typeof value === 'number' && Number.isFinite(value)
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isRecord(value)
    case 'string':
    case 'boolean':
      return typeof value === type
    default:
      throw new Error(`the type ${type} is not understood`)
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
