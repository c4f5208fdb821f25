/** Milliseconds on a clock that all processes of the machine share, and that never goes back. */
export function clock(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
