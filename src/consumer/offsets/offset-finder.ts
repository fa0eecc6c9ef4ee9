import type { Deadline } from '../../base/deadline'
import { isRetriable } from '../../base/error-codes'
import { BrokerError, KafkaError, TimeoutError } from '../../base/errors'
import { groupBy } from '../../base/group-by'
import { formatTopicPartition, type TopicPartition } from '../../base/topic-partition'
import type { Cluster } from '../../cluster/cluster'
import { latestTimestamp } from '../start-from'
import { type IsolationLevelNumber, listOffsetsFrom, type OffsetAnswer } from './list-offsets'

/** One partition and the time (ms since 1970), or the sentinel, that its offset is asked for. */
export interface OffsetLookup extends TopicPartition {
  readonly timestamp: bigint
}

/** What a look-up found out about one partition. */
type Outcome = bigint | KafkaError

/**
 * Finds offsets of partitions, whichever brokers lead them, for calls that wait for the answer. What passes is tried
 * again until the deadline; anything else rejects the call, naming the partition.
 */
export class OffsetFinder {
  readonly #cluster: Cluster
  readonly #isolationLevel: IsolationLevelNumber

  constructor(cluster: Cluster, isolationLevel: IsolationLevelNumber) {
    this.#cluster = cluster
    this.#isolationLevel = isolationLevel
  }

  /** In the order asked for. Where no message is of that time or later, the end of the log. */
  async find(lookups: readonly OffsetLookup[], deadline: Deadline): Promise<readonly bigint[]> {
    const found = await this.#findAll(lookups, deadline)
    const none = lookups.filter((_, index) => (found[index] as bigint) < 0n)
    if (none.length === 0) return found
    const ends = await this.#findAll(
      none.map((lookup) => ({ ...lookup, timestamp: latestTimestamp })),
      deadline,
    )
    let next = 0
    return found.map((offset) => (offset < 0n ? (ends[next++] as bigint) : offset))
  }

  async #findAll(lookups: readonly OffsetLookup[], deadline: Deadline): Promise<readonly bigint[]> {
    const { metadata } = this.#cluster
    const topics = [...new Set(lookups.map(({ topic }) => topic))]
    await metadata.requireTopics(topics, deadline, { allowAutoTopicCreation: false })
    const found = new Map<OffsetLookup, bigint>()
    for (let failures = 1; ; failures++) {
      const open = lookups.filter((lookup) => !found.has(lookup))
      if (open.length === 0) return lookups.map((lookup) => found.get(lookup) as bigint)
      const lastError = await this.#tryOnce(open, found, deadline)
      if (lastError === undefined) continue
      metadata.requestRefresh(`ListOffsets: ${lastError.message}`)
      await deadline.sleep(this.#cluster.backoffMs(failures))
      if (deadline.expired) throw this.#timeout(deadline, lastError)
    }
  }

  #timeout(deadline: Deadline, cause: KafkaError): TimeoutError {
    return new TimeoutError('OFFSETS_TIMEOUT', `${deadline.what}: offsets were not found in time`, { cause })
  }

  /** Asks each leader once; answers with the last failure that may pass, and throws one that won't. */
  async #tryOnce(
    lookups: readonly OffsetLookup[],
    found: Map<OffsetLookup, bigint>,
    deadline: Deadline,
  ): Promise<KafkaError | undefined> {
    const { metadata } = this.#cluster
    const byLeader = groupBy(
      lookups,
      ({ topic, partition }) => metadata.partition(topic, partition)?.leaderId ?? -1,
    )
    const outcomes = await Promise.all(
      [...byLeader].map(([leaderId, asked]) => this.#ask(leaderId, asked, deadline)),
    )
    let lastError: KafkaError | undefined
    for (const [lookup, outcome] of outcomes.flat()) {
      if (typeof outcome === 'bigint') found.set(lookup, outcome)
      else if (outcome.retriable) lastError = outcome
      else throw outcome
    }
    return lastError
  }

  async #ask(
    leaderId: number,
    asked: readonly OffsetLookup[],
    deadline: Deadline,
  ): Promise<(readonly [OffsetLookup, Outcome])[]> {
    if (leaderId < 0) return asked.map((lookup) => [lookup, this.#noLeader(lookup)])
    const questions = asked.map((lookup) => ({
      ...lookup,
      currentLeaderEpoch: this.#cluster.metadata.partition(lookup.topic, lookup.partition)?.leaderEpoch ?? -1,
    }))
    try {
      const answers = await deadline.race(
        listOffsetsFrom(this.#cluster, leaderId, questions, this.#isolationLevel, deadline.signal),
        () => new TimeoutError('OFFSETS_TIMEOUT', `${deadline.what}: broker ${leaderId} did not answer`),
      )
      return asked.map((lookup) => [lookup, outcomeOf(lookup, answers)])
    } catch (caught) {
      const error = KafkaError.from(caught, 'The look-up of offsets failed', { nodeId: leaderId })
      return asked.map((lookup) => [lookup, error])
    }
  }

  #noLeader(lookup: TopicPartition): KafkaError {
    const { topic, partition } = lookup
    const known = this.#cluster.metadata.topic(topic)
    if (known !== undefined && partition >= known.partitions.length) {
      const text = `Partition ${formatTopicPartition(lookup)} does not exist: the topic has ${known.partitions.length} partitions`
      return new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', text, { topic, partition, retriable: true })
    }
    const text = `No leader is known for ${formatTopicPartition(lookup)}`
    return new KafkaError('LEADER_NOT_AVAILABLE', text, { topic, partition, retriable: true })
  }
}

function outcomeOf(lookup: TopicPartition, answers: ReadonlyMap<string, OffsetAnswer>): Outcome {
  const { topic, partition } = lookup
  const answer = answers.get(formatTopicPartition(lookup))
  if (answer?.errorCode === 0) return answer.offset
  const text = `The look-up of an offset of ${formatTopicPartition(lookup)} failed`
  if (answer === undefined) return new KafkaError('NO_ANSWER', text, { topic, partition, retriable: true })
  return new BrokerError(answer.errorCode, text, {
    topic,
    partition,
    retriable: isRetriable(answer.errorCode),
  })
}
