import { Kafka, silentLogger } from '../src'

/** A controller refuses to create many more partitions in one go. */
const mostAtOnce = 4000

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
    const first = Math.min(partitions, mostAtOnce)
    const topics = names.map((name) => ({ name, partitions: first, replicationFactor: 1 }))
    const batch = Math.max(1, Math.floor(mostAtOnce / first / 10))
    for (let i = 0; i < topics.length; i += batch) await this.#admin.createTopics(topics.slice(i, i + batch))
    for (let reached = first; reached < partitions;) {
      reached = Math.min(partitions, reached + mostAtOnce)
      await this.#admin.createPartitions(names.map((topic) => ({ topic, totalCount: reached })))
    }
    return names
  }

  async delete(names: readonly string[]): Promise<void> {
    for (let i = 0; i < names.length; i += 200) await this.#admin.deleteTopics(names.slice(i, i + 200))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#admin.close()
  }
}
