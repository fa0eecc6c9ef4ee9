import { readFile } from 'node:fs/promises'
import type { NodePorts } from './server-properties'
import { askClusterView } from './readiness'
import type { Exit, Supervised, Supervisor } from './supervisor'

/** Everything one node's process needs. */
export interface NodeProcess {
  classPath: string
  propertiesFile: string
  logFile: string
  folder: string
  /** Further flags of its virtual machine. */
  jvmFlags: readonly string[]
}

/**
 * One broker (and controller) of a cluster. It keeps its ports and its data through stops and starts, so that a
 * client meets the same broker again.
 */
export class KafkaNode {
  /** Its `node.id`. */
  readonly id: number
  /** Its port of every listener. */
  readonly ports: NodePorts
  readonly #process: NodeProcess
  readonly #supervisor: Supervisor
  #running: Supervised | null = null
  #lastExit: Exit | null = null

  constructor(id: number, ports: NodePorts, process: NodeProcess, supervisor: Supervisor) {
    this.id = id
    this.ports = ports
    this.#process = process
    this.#supervisor = supervisor
  }

  /** The port of its PLAINTEXT listener. */
  get port(): number {
    return this.ports.PLAINTEXT
  }

  /** Process id of the running JVM; undefined while it is down. */
  get pid(): number | undefined {
    return this.#running?.pid
  }

  /** How it ended the last time, while it is down; null while it runs. */
  get exit(): Exit | null {
    return this.#running === null ? this.#lastExit : null
  }

  /** Starts the process without waiting for it to answer. */
  async launch(): Promise<void> {
    if (this.#running !== null) return
    const { classPath, propertiesFile, logFile, folder, jvmFlags } = this.#process
    const level = process.env['KAFKA_LOG_LEVEL'] ?? 'warn'
    const flags = [...javaFlags(512, level), ...jvmFlags]
    const args = [...flags, '-cp', classPath, 'kafka.Kafka', propertiesFile]
    const running = await this.#supervisor.start({ command: 'java', args, logFile, cwd: folder })
    this.#running = running
    void running.exited.then((exit) => {
      this.#lastExit = exit
      if (this.#running === running) this.#running = null
    })
  }

  /** Starts it and waits until it answers and counts itself as part of the cluster. */
  async start(timeoutMs = 60_000): Promise<void> {
    await this.launch()
    const end = Date.now() + timeoutMs
    for (;;) {
      const view = await askClusterView(this.port)
      if (view?.brokerIds.includes(this.id) === true) return
      if (this.#running === null || Date.now() > end)
        throw new Error(await this.describeFailure('did not start'))
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  /** Ends it and waits until it is gone; SIGTERM hands its leaderships over first. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', timeoutMs = 60_000): Promise<void> {
    const running = this.#running
    if (running === null) return
    running.signal(signal)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), timeoutMs)))
    const first = await Promise.race([running.exited, late])
    clearTimeout(timer)
    if (first !== 'late') return
    running.signal('SIGKILL')
    await running.exited
    throw new Error(
      await this.describeFailure(`was still there ${timeoutMs} ms after ${signal} and was killed`),
    )
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    await this.stop('SIGKILL')
  }

  /** Freezes it: its sockets stay open and nothing answers. */
  pause(): void {
    this.#running?.signal('SIGSTOP')
  }

  /** Lets a frozen one go on. */
  resume(): void {
    this.#running?.signal('SIGCONT')
  }

  /** What it has logged so far. */
  async log(): Promise<string> {
    return readFile(this.#process.logFile, 'utf8').catch(() => '')
  }

  /** One sentence about a failure, with the end of its log. */
  async describeFailure(what: string): Promise<string> {
    const exit = this.exit === null ? '' : ` (${JSON.stringify(this.exit)})`
    return `Kafka node ${this.id} ${what}${exit}. The end of its log:\n${(await this.log()).slice(-4_000)}`
  }
}

/** Flags that keep a Kafka Java program small and quick to start; it logs to its standard error. */
export function javaFlags(heapMb: number, level = 'warn'): string[] {
  const logger = '-Dorg.slf4j.simpleLogger'
  return [
    `-Xmx${heapMb}m`,
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    `${logger}.defaultLogLevel=${level}`,
    `${logger}.showDateTime=true`,
  ]
}
