import { Feed } from '#lib/control/feed.js'
import { History } from '#lib/control/history.js'
import type { ControlStatus, InstanceStatus, Steered, SwitchResult } from '#lib/control/steered.js'
import type { ServerStatus, WorkerStatus } from '#lib/server/api.js'

type Shown = Partial<Omit<ServerStatus, 'state'> & InstanceStatus>

/** An app to steer that runs nothing: it looks as it is told to, and notes what it is asked for. */
export class FakeSteered implements Steered {
  readonly feed = new Feed()
  readonly history = new History(() => this.status())
  /** What was asked for, in order. */
  readonly calls: string[] = []
  /** What is other than in a quiet app of two workers. */
  shown: Shown = {}
  /** What each call comes to. */
  outcome: () => Promise<void> = async () => {}

  status(): ControlStatus {
    return {
      name: 'shop',
      pid: 4242,
      state: 'running',
      startedAt: '2026-01-02T03:04:05.000Z',
      file: '/srv/shop/app.js',
      generation: 1,
      version: '1.0.0',
      numWorkers: 2,
      reloading: false,
      standby: null,
      canary: null,
      workers: [fakeWorker(1), fakeWorker(2)],
      traffic: {
        answered: 0,
        errors: 0,
        retries: 0,
        p50Ms: null,
        p99Ms: null,
        requestsPerSecond: 0,
        inFlight: 0
      },
      ports: [],
      pausedBy: [],
      pausedSince: null,
      held: 0,
      oldestHeldMs: 0,
      longestWaitMs: 0,
      released: 0,
      expired: 0,
      givenUp: 0,
      refused: 0,
      ...this.shown
    }
  }

  ready(): boolean {
    return true
  }

  stop(): void {}

  async pause(): Promise<{ drained: boolean; remaining: number }> {
    await this.#call('pause')
    return { drained: true, remaining: 0 }
  }

  resume(): Promise<void> {
    return this.#call('resume')
  }

  async reload(): Promise<SwitchResult> {
    await this.#call('reload')
    return { generation: 2, version: null, durationMs: 1 }
  }

  scale(workers: number): Promise<void> {
    return this.#call(`scale ${workers}`)
  }

  close(): void {
    this.history.close()
  }

  #call(what: string): Promise<void> {
    this.calls.push(what)
    return this.outcome()
  }
}

export function fakeWorker(pid: number, changes: Partial<WorkerStatus> = {}): WorkerStatus {
  return {
    pid,
    generation: 1,
    version: '1.0.0',
    state: 'spawned',
    ageMs: 1000,
    inFlight: 0,
    upgrades: 0,
    connections: 0,
    requests: 0,
    errors: 0,
    p99Ms: null,
    cpuPercent: null,
    memoryBytes: null,
    lagMs: null,
    ...changes
  }
}
