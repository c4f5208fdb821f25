import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { UpServer } from '#lib/server/up-server.js'
import { temporary } from './leftovers.js'

/** Tells the generation of a worker by its pid, also when it has left; to be made when the first are ready. */
export function generationsByPid(srv: UpServer): (pid: string) => number {
  const known = new Map(srv.status().workers.map(({ pid, generation }) => [String(pid), generation]))
  srv.on('spawn', ({ pid, generation }) => known.set(String(pid), generation))
  return pid => {
    const generation = known.get(pid)
    assert.ok(generation !== undefined, `there was no worker ${pid}`)
    return generation
  }
}

/** The pids of those workers of a generation whose process is not gone. */
export function pidsOf(srv: UpServer, generation: number): number[] {
  return srv
    .status()
    .workers.filter(worker => worker.generation === generation)
    .flatMap(({ pid }) => pid ?? [])
}

/** Releases of an app, each in a folder of its own, and the link `current`, which leads to one of them. */
export class Releases {
  readonly folder = mkdtempSync(join(temporary, 'releases-'))

  constructor(t: TestContext) {
    t.after(() => rmSync(this.folder, { recursive: true, force: true }))
  }

  get link(): string {
    return join(this.folder, 'current')
  }

  /** The module by way of the link. */
  get file(): string {
    return join(this.link, 'app.mjs')
  }

  /** Deploys a release: puts it into its folder, and points the link there. */
  deploy(name: string, text: string): void {
    mkdirSync(join(this.folder, name))
    writeFileSync(join(this.folder, name, 'app.mjs'), text)
    symlinkSync(join(this.folder, name), `${this.link}.new`)
    renameSync(`${this.link}.new`, this.link)
  }
}
