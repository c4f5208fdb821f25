/** A promise that is settled from outside. */
export class Deferred<T = void> {
  readonly promise: Promise<T>
  resolve: (value: T) => void = () => {}
  reject: (error: unknown) => void = () => {}

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }
}
