import type { Consumer as CoreConsumer, OffsetToCommit } from '../../index'
import { translateError } from '../errors/translate-error'
import type { ConsumerRunConfig } from '../types/consumer'
import type { Offsets, TopicOffsets, TopicPartitionOffsetAndMetadata } from '../types/metadata'
import type { OffsetLedger } from './offset-ledger'

/** Commits of one run: what the ledger says is done, when the program's settings say so, and what the program gives. */
export class OffsetCommits {
  readonly #consumer: Pick<CoreConsumer, 'commit'>
  readonly #ledger: OffsetLedger
  readonly #onCommitted: (topics: TopicOffsets[]) => void
  readonly #isAutomatic: boolean
  readonly #intervalMs: number | null
  readonly #threshold: number | null

  /** @param onCommitted told of each commit that the coordinator took */
  constructor(
    consumer: Pick<CoreConsumer, 'commit'>,
    ledger: OffsetLedger,
    { autoCommit = true, autoCommitInterval = null, autoCommitThreshold = null }: ConsumerRunConfig,
    onCommitted: (topics: TopicOffsets[]) => void,
  ) {
    this.#consumer = consumer
    this.#ledger = ledger
    this.#onCommitted = onCommitted
    this.#isAutomatic = autoCommit
    this.#intervalMs = autoCommitInterval
    this.#threshold = autoCommitThreshold
  }

  /** Whether a commit is due by the program's interval or threshold, also where it commits by itself. */
  isDue(): boolean {
    return this.#ledger.isCommitDue(this.#intervalMs, this.#threshold)
  }

  /** The same, where commits are made for the program. */
  isAutomaticDue(): boolean {
    return this.#isAutomatic && this.isDue()
  }

  /** Commits what is done, unless the program does so. */
  async automatic(): Promise<void> {
    if (this.#isAutomatic) await this.resolved()
  }

  /** Commits what is done, or exactly these. @throws as `exactly` */
  async resolved({ topics = this.#ledger.uncommitted().topics }: Partial<Offsets> = {}): Promise<void> {
    await this.exactly(
      topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, ...partition }))),
    )
  }

  /** Commits exactly these. @throws what the coordinator refused, as KafkaJS calls it */
  async exactly(offsets: readonly TopicPartitionOffsetAndMetadata[]): Promise<void> {
    const topics = byTopic(offsets)
    try {
      if (offsets.length > 0) await this.#consumer.commit(offsets.map(toCommit))
    } catch (error) {
      throw translateError(error)
    }
    this.#ledger.committed({ topics })
    if (offsets.length > 0) this.#onCommitted(topics)
  }
}

function toCommit({ topic, partition, offset, metadata }: TopicPartitionOffsetAndMetadata): OffsetToCommit {
  return {
    topic,
    partition: Number(partition),
    offset: BigInt(offset),
    metadata: metadata ?? undefined,
  }
}

function byTopic(offsets: readonly TopicPartitionOffsetAndMetadata[]): TopicOffsets[] {
  const topics = new Map<string, TopicOffsets>()
  for (const { topic, partition, offset } of offsets) {
    const known = topics.get(topic) ?? { topic, partitions: [] }
    topics.set(topic, known)
    known.partitions.push({ partition, offset })
  }
  return [...topics.values()]
}
