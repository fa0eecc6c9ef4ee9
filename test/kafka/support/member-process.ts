import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** When a process stood still; `to` is Infinity while it does. */
export interface Freeze {
  readonly from: number
  readonly to: number
}

/**
 * A member of a group in a process of its own, and what can happen to it. Its program tells `{ kind: 'ready' }` when it
 * runs, and leaves in good order when it is told so.
 */
export class MemberProcess<Report extends { readonly kind: string }> {
  readonly name: string
  /** Milliseconds since 1970. */
  readonly freezes: Freeze[] = []
  /** When it was killed; undefined while it was not. */
  killedAt: number | undefined
  readonly exited: Promise<unknown>
  readonly #child: ChildProcess
  readonly #ready: Promise<void>

  /**
   * @param program path from the project's folder
   * @param onReport is told what the program says, apart from being ready
   */
  constructor(name: string, program: string, options: object, onReport: (report: Report) => void) {
    this.name = name
    this.#child = fork(join(process.cwd(), program), [JSON.stringify(options)], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.exited = once(this.#child, 'exit')
    this.#ready = new Promise((resolve) => {
      this.#child.on('message', (report: Report) => (report.kind === 'ready' ? resolve() : onReport(report)))
    })
  }

  get isFrozen(): boolean {
    return this.freezes.at(-1)?.to === Infinity
  }

  /** Resolves when its program runs. */
  async ready(): Promise<void> {
    const endedEarly = this.exited.then(() => Promise.reject(new Error(`${this.name} ended at its start`)))
    await Promise.race([this.#ready, endedEarly])
  }

  /** Tells it something. */
  tell(message: string): void {
    if (this.#child.connected) this.#child.send(message)
  }

  /** Leaves its group in good order, unless it is frozen. */
  async leave(): Promise<void> {
    this.tell('leave')
    await this.exited
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode === null) this.killedAt ??= Date.now()
    this.#child.kill('SIGKILL')
    await this.exited
  }

  /** Stops the process where it is for a while: longer than its session lasts, it is a zombie. */
  async freeze(ms: number): Promise<void> {
    const from = Date.now()
    this.freezes.push({ from, to: Infinity })
    this.#child.kill('SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, ms))
    this.#child.kill('SIGCONT')
    this.freezes[this.freezes.length - 1] = { from, to: Date.now() }
  }
}
