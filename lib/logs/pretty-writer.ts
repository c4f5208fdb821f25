import type { Writable } from 'node:stream'
import pico from 'picocolors'
import type { OnOutput, OutputLine } from '../options/output.js'
import { patientWrite } from '../worker/patient-write.js'

/** Writes workers' lines for people: each with the pid and the generation in front. */
export function prettyWriter(stream: Writable, coloured: boolean): OnOutput {
  const colours = pico.createColors(coloured)
  const paint = { stdout: colours.cyan, stderr: colours.yellow }
  return ({ pid, generation, stream: from, text }: OutputLine) =>
    patientWrite(stream, `${paint[from](`${pid} g${generation}:`)} ${text}\n`)
}
