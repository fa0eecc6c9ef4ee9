import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** How a supervised process ended. */
export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
  /** Set when it could not be started at all. */
  error?: string
}

/** One process that a {@link Supervisor} runs. */
export interface Supervised {
  pid: number
  /** Settles when the process has ended. */
  exited: Promise<Exit>
  signal(signal: NodeJS.Signals): void
}

type Report = { type: 'started'; id: number; pid: number } | ({ type: 'exited'; id: number } & Exit)

interface Pending {
  onStarted: (pid: number) => void
  onExited: (exit: Exit) => void
}

/**
 * Starts processes whose life is tied to this one: a small detached helper is their parent, and it kills them and
 * removes their folders when this process is done with it or has died in whatever way.
 */
export class Supervisor {
  readonly #helper: ChildProcess
  readonly #pending = new Map<number, Pending>()
  #nextId = 0

  constructor() {
    this.#helper = fork(join(process.cwd(), 'test/kafka/support/process-supervisor.mjs'), [], {
      detached: true,
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    this.#helper.on('message', (message) => this.#onReport(message as Report))
    // The helper must not keep a test process alive: its end is what the helper waits for.
    this.#helper.unref()
    this.#helper.channel?.unref()
  }

  /** The helper's own process id. */
  get pid(): number {
    return this.#helper.pid ?? -1
  }

  /** Starts a process with its output appended to a file. */
  async start(options: {
    command: string
    args: string[]
    logFile: string
    cwd: string
  }): Promise<Supervised> {
    const id = this.#nextId++
    let onStarted: (pid: number) => void = () => {}
    let onExited: (exit: Exit) => void = () => {}
    const exited = new Promise<Exit>((resolve) => (onExited = resolve))
    const started = new Promise<number>((resolve) => (onStarted = resolve))
    this.#pending.set(id, { onStarted, onExited })
    this.#helper.channel?.ref()
    this.#helper.send({ type: 'start', id, ...options })
    const first = await Promise.race([started, exited])
    this.#helper.channel?.unref()
    if (typeof first === 'object')
      throw new Error(`Cannot start ${options.command}: ${first.error ?? 'it ended'}`)
    return { pid: first, exited, signal: (signal) => void this.#helper.send({ type: 'signal', id, signal }) }
  }

  /** Has a folder removed at the end. */
  removeAtEnd(folder: string): void {
    this.#helper.send({ type: 'onEnd', folder })
  }

  /** Has a command run at the end, for what is not a child process, such as a container. */
  runAtEnd(command: string, ...args: string[]): void {
    this.#helper.send({ type: 'onEnd', cleanup: [command, ...args] })
  }

  /** Ends every process, removes the folders and waits until that is done. */
  async close(): Promise<void> {
    if (this.#helper.exitCode !== null || this.#helper.signalCode !== null) return
    this.#helper.ref()
    const gone = once(this.#helper, 'exit')
    if (this.#helper.connected) this.#helper.disconnect()
    await gone
  }

  #onReport(report: Report): void {
    const pending = this.#pending.get(report.id)
    if (report.type === 'started') {
      pending?.onStarted(report.pid)
      return
    }
    this.#pending.delete(report.id)
    pending?.onExited(report)
  }
}
