/** Who does not look at the promise hears of a failure by the event `fail`. */
export function looked<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
