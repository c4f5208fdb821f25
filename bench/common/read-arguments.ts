/** The program's arguments; where one is wrong, says so and ends the program. */
export function readArguments<F>(readFlags: (args: readonly string[]) => F, usage: string): F {
  try {
    return readFlags(process.argv.slice(2))
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    process.exit(2)
  }
}
