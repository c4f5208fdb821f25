import { OptionError, show } from '#lib/errors.js'

/** Whether an error names the option, the value as given, and the form that was expected. */
export function optionError(option: string, value: unknown, expected: RegExp): (error: unknown) => boolean {
  return error => {
    if (!(error instanceof OptionError)) throw error
    const form = error.message.slice(error.message.indexOf(', but must be '))
    return (
      error.code === 'UP_ERR_OPTION' &&
      error.option === option &&
      error.message.startsWith(`${option} is ${show(value)}`) &&
      expected.test(form)
    )
  }
}
