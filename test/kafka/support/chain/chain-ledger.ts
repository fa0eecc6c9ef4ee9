import type { Consumer, Kafka } from 'typed-kafka'

/** What is wrong with a stage's output so far. */
export interface StageAccount {
  readonly topic: string
  readonly records: number
  readonly duplicates: number
  readonly holes: number
  readonly movedKeys: number
  /** The first mistake, in words. */
  readonly first: string
}

interface Account {
  records: number
  duplicates: number
  holes: number
  movedKeys: number
  first: string
  readonly next: Map<string, number>
  readonly homes: Map<string, number>
}

/**
 * Reads the topics of all stages as `read_committed` shows them, and compares: the n-th message of a key carries n, so
 * that a repeated, a missing and a reordered one shows, and a key stays in its partition.
 */
export class ChainLedger {
  readonly #accounts = new Map<string, Account>()
  readonly #consumer: Consumer
  readonly #running: Promise<void>

  constructor(kafka: Kafka, topics: readonly string[], partitions: number) {
    for (const topic of topics) {
      const counts = { records: 0, duplicates: 0, holes: 0, movedKeys: 0, first: '' }
      this.#accounts.set(topic, { ...counts, next: new Map(), homes: new Map() })
    }
    this.#consumer = kafka.consumer({
      assign: topics.flatMap((topic) =>
        Array.from({ length: partitions }, (_, partition) => ({ topic, partition })),
      ),
      startFrom: 'earliest',
      isolationLevel: 'read_committed',
    })
    this.#running = this.#consumer.runBatches((batch) => {
      for (const { topic, partition, offset, key, value } of batch) {
        this.#add(topic, partition, offset, String(key), Number.parseInt(String(value), 10))
      }
    })
    this.#running.catch(() => {})
  }

  #add(topic: string, partition: number, offset: bigint, key: string, number: number): void {
    const account = this.#accounts.get(topic)
    if (account === undefined) return
    const expected = account.next.get(key) ?? 0
    account.records++
    if (number < expected) account.duplicates++
    if (number > expected) account.holes++
    if (number !== expected && account.first === '') {
      account.first = `${key} at ${topic}-${partition}@${offset}: ${number} instead of ${expected}`
    }
    account.next.set(key, Math.max(expected, number + 1))
    const home = account.homes.get(key)
    if (home !== undefined && home !== partition) account.movedKeys++
    account.homes.set(key, partition)
  }

  records(topic: string): number {
    return this.#accounts.get(topic)?.records ?? 0
  }

  accounts(): StageAccount[] {
    return [...this.#accounts].map(([topic, { records, duplicates, holes, movedKeys, first }]) => ({
      topic,
      records,
      duplicates,
      holes,
      movedKeys,
      first,
    }))
  }

  /** Rejects when reading failed. */
  async close(): Promise<void> {
    await this.#consumer.close()
    await this.#running
  }
}
