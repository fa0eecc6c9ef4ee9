import { setTimeout as sleep } from 'node:timers/promises'
import { json, string, topic, type Kafka, type Producer } from 'typed-kafka'

/** A message that waits in the database to be published. */
export interface OutboxRow {
  readonly id: number
  readonly key: string
  readonly payload: string
}

/**
 * The table the messages wait in. A row must not become visible after one with a higher id was, or it is passed over.
 * In SQLite none does, since one transaction writes at a time. In PostgreSQL and MySQL a transaction takes its id some time
 * before it commits: there, let those who write to the table take a lock first, such as `pg_advisory_xact_lock`.
 */
export interface Outbox {
  /** The oldest rows after a position, in their order. */
  rowsAfter(position: number, limit: number): OutboxRow[] | Promise<OutboxRow[]>

  /** Deletes what was published. It only saves space: where it does not happen, nothing is published twice. */
  deleteUpTo(position: number): void | Promise<void>
}

export interface OutboxRelayOptions {
  readonly kafka: Kafka
  readonly outbox: Outbox
  /** The topic to publish to. With one partition it keeps the order of the table; with more, the order of each key. */
  readonly events: string
  /** A topic of one partition with `cleanup.policy=compact`, in which the relay keeps its position. */
  readonly positions: string
  /** One for the table, the same for all its relays and in all their lives. */
  readonly transactionalId: string
  /** Rows in one transaction. Default: 100. */
  readonly batchRows?: number
}

const pollMs = 20

/**
 * Publishes the rows of an outbox in their order, each once.
 *
 * The position, the id of the last row that was published, is kept in Kafka and written in one transaction with the rows:
 * there is no moment at which one counts without the other. A mark in the table could not do that, since no transaction
 * spans both systems. (Offsets of a group are transactional as well, but Kafka forgets them after a week in which nothing
 * was published. A compacted topic keeps its last value for ever.)
 *
 * A relay that takes over must read the last position there will be. So first it commits a transaction of its own: that
 * ends the one its predecessor left open, and fences the predecessor for good, should it only have slept. Then it reads
 * the positions up to what it has written itself.
 */
export class OutboxRelay {
  readonly #options: OutboxRelayOptions
  readonly #events
  readonly #positions

  constructor(options: OutboxRelayOptions) {
    this.#options = options
    this.#events = topic(options.events, { key: string(), value: string() })
    this.#positions = topic(options.positions, { key: string(), value: json<number>() })
  }

  /**
   * Works until the signal. Any error ends it, since after one its position may be out of date: a new run goes on where
   * Kafka says that this one came to, also when it was not known whether a transaction was committed. With FencedError
   * another relay has taken over: wait for some time then, or both do little but fence each other.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { kafka, outbox, transactionalId, batchRows = 100 } = this.#options
    const producer = kafka.producer({ transactionalId })
    try {
      let position = await this.#takeOver(producer)
      while (!signal.aborted) {
        const rows = await outbox.rowsAfter(position, batchRows)
        const last = rows.at(-1)
        if (last === undefined) {
          await sleep(pollMs, undefined, { signal }).catch(() => {})
          continue
        }
        await this.#publish(producer, rows, last.id)
        position = last.id
        await outbox.deleteUpTo(position)
      }
    } finally {
      await producer.close()
    }
  }

  /** Fences the relay before this one. @returns the id of the last row that was published, 0 for none */
  async #takeOver(producer: Producer): Promise<number> {
    const own = await producer.transaction((tx) =>
      tx.send(this.#positions, { key: 'taken over at', value: Date.now() }),
    )
    const reader = this.#options.kafka.consumer({
      topics: [this.#positions],
      assign: [{ topic: this.#positions.name, partition: 0, startFrom: 'earliest' }],
      isolationLevel: 'read_committed',
    })
    let position = 0
    try {
      for await (const { key, value, offset } of reader) {
        if (key === 'position') position = value
        if (offset >= own.offset) break
      }
    } finally {
      await reader.close()
    }
    return position
  }

  async #publish(producer: Producer, rows: readonly OutboxRow[], position: number): Promise<void> {
    const messages = rows.map(({ id, key, payload }) => ({
      key,
      value: payload,
      headers: { 'outbox-id': String(id) },
    }))
    await producer.transaction(async (tx) => {
      await tx.send(this.#events, messages)
      await tx.send(this.#positions, { key: 'position', value: position })
    })
  }
}
