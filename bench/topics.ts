import { Kafka, silentLogger } from '../src'

/** Topics on the broker under test. */
export class Topics implements AsyncDisposable {
  readonly #admin
  readonly #run = Date.now().toString(36)
  #count = 0

  constructor(brokers: string[]) {
    const kafka = new Kafka({ brokers, clientId: 'bench', logger: silentLogger, requestTimeoutMs: 120_000 })
    this.#admin = kafka.admin({ defaultApiTimeoutMs: 120_000 })
  }

  /** Creates topics with names of their own. */
  async create(workload: string, partitions: number, count = 1): Promise<string[]> {
    const names = Array.from({ length: count }, () => `bench-${workload}-${this.#run}-${this.#count++}`)
    const topics = names.map((name) => ({ name, partitions, replicationFactor: 1 }))
    for (let i = 0; i < topics.length; i += 100) await this.#admin.createTopics(topics.slice(i, i + 100))
    return names
  }

  async delete(names: readonly string[]): Promise<void> {
    for (let i = 0; i < names.length; i += 100) await this.#admin.deleteTopics(names.slice(i, i + 100))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#admin.close()
  }
}
