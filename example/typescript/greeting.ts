export interface Greeting {
  readonly text: string
  readonly worker: number
}

export function greet(name: string): Greeting {
  return { text: `Hello ${name}, from TypeScript`, worker: process.pid }
}
