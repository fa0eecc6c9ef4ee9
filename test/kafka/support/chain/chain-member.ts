import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { ChainWorkerOptions, ChainWorkerReport } from './chain-worker'

/** A worker's process, and what can happen to it. */
export class ChainMember {
  readonly options: ChainWorkerOptions
  /** Why its runs have ended, one after another. */
  readonly ends: string[] = []
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #ready: Promise<void>
  isFrozen = false

  constructor(options: ChainWorkerOptions) {
    this.options = options
    this.#child = fork(
      join(process.cwd(), 'test/kafka/support/chain/chain-worker.ts'),
      [JSON.stringify(options)],
      {
        execArgv: ['--import', 'tsx'],
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      },
    )
    this.#exited = once(this.#child, 'exit')
    this.#ready = new Promise((resolve) => {
      this.#child.on('message', (report: ChainWorkerReport) => {
        if (report.kind === 'ready') resolve()
        else this.ends.push(report.code)
      })
    })
  }

  /** Resolves when its program runs. */
  async ready(): Promise<void> {
    await Promise.race([
      this.#ready,
      this.#exited.then(() =>
        Promise.reject(new Error(`${this.options.transactionalId} ended at its start`)),
      ),
    ])
  }

  /** Leaves its group in good order, unless it is frozen. */
  async leave(): Promise<void> {
    if (this.#child.connected) this.#child.send('leave')
    await this.#exited
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  /** Stops the process where it is for a while: longer than its session and its transaction last, it is a zombie. */
  async freeze(ms: number): Promise<void> {
    this.isFrozen = true
    this.#child.kill('SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, ms))
    this.#child.kill('SIGCONT')
    this.isFrozen = false
  }
}
