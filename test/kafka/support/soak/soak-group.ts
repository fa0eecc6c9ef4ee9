import { type Consumer, type ConsumerOptions, Kafka, type Message, silentLogger } from 'typed-kafka'

/** What one group of the soak has read. */
export class SoakGroup {
  readonly options: ConsumerOptions
  /** Why runs have ended that nobody had ended. */
  readonly failures: string[] = []
  readonly members: Consumer[] = []
  received = 0
  /** Messages that were received at least once. */
  distinct = 0
  readonly #seen: Uint8Array
  readonly #kafka: Kafka
  readonly #runs: Promise<void>[] = []

  /** @param most messages that there may be; the memory for them is taken here, so that what grows later is the client's */
  constructor(brokers: readonly string[], options: ConsumerOptions, most: number) {
    this.options = options
    this.#seen = new Uint8Array(most)
    this.#kafka = new Kafka({ clientId: 'soak', brokers, logger: silentLogger, requestTimeoutMs: 10_000 })
  }

  join(): void {
    const consumer = this.#kafka.consumer({
      startFrom: 'earliest',
      autoCommitIntervalMs: 500,
      sessionTimeoutMs: 10_000,
      heartbeatIntervalMs: 1_000,
      ...this.options,
    })
    this.members.push(consumer)
    const run = consumer.run((message) => this.#handle(message), { concurrency: 4 })
    this.#runs.push(run.catch((error: unknown) => void this.failures.push(String(error))))
  }

  async leave(): Promise<void> {
    await this.members.shift()?.close()
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.close()))
    await Promise.all(this.#runs)
  }

  /** What has stalled, and who is not where it should be. */
  troubles(): string[] {
    return this.members.flatMap((member) => {
      const { state, stalls, isHealthy, isReady } = member.health()
      const isWell = state === 'stable' && isHealthy && isReady
      return [...stalls.map(({ reason }) => reason), ...(isWell ? [] : [`a member is ${state}`])]
    })
  }

  #handle(message: Message): Promise<void> | undefined {
    const number = Number.parseInt(String(message.rawValue), 10)
    this.received++
    if (this.#seen[number] === 0) this.distinct++
    this.#seen[number] = 1
    return number % 64 === 0 ? new Promise((resolve) => setTimeout(resolve, 1)) : undefined
  }
}
