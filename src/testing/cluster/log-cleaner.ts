import type { Timer } from '../../base/clock'
import type { Services } from '../contracts/services'
import type { Partition } from '../contracts/partition'
import type { Topic } from '../contracts/topics'

/**
 * Applies `cleanup.policy`: deletes by age and size, and compacts. It runs every `log.retention.check.interval.ms` while
 * some partition holds records, and at call.
 */
export class LogCleaner {
  readonly #services: Services
  readonly #watched = new Map<Partition, () => void>()
  #unwatchTopics: (() => void) | undefined
  #timer: Timer | undefined

  constructor(services: Services) {
    this.#services = services
  }

  /** Cleans from now on whenever it is time. */
  start(): void {
    if (this.#unwatchTopics !== undefined) return
    for (const topic of this.#services.topics.all) this.#watchTopic(topic)
    this.#unwatchTopics = this.#services.topics.watch(({ kind, topic }) => {
      if (kind === 'deleted') for (const partition of topic.partitions) this.#unwatch(partition)
      else this.#watchTopic(topic)
    })
  }

  /** Applies retention and compaction to all partitions now, whatever the interval. */
  runNow(): void {
    for (const topic of this.#services.topics.all) {
      const { cleanupPolicy } = this.#services.configs.log(topic.name)
      for (const partition of topic.partitions) {
        if (cleanupPolicy.includes('delete')) partition.applyRetention()
        if (cleanupPolicy.includes('compact')) partition.compact()
      }
    }
  }

  /** Compacts a topic now, whatever its cleanup policy. */
  compact(topic: Topic): void {
    for (const partition of topic.partitions) partition.compact()
  }

  /** Ends the timer and watches no longer. */
  stop(): void {
    this.#unwatchTopics?.()
    this.#unwatchTopics = undefined
    for (const partition of [...this.#watched.keys()]) this.#unwatch(partition)
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #watchTopic(topic: Topic): void {
    for (const partition of topic.partitions) {
      if (this.#watched.has(partition)) continue
      this.#watched.set(
        partition,
        partition.watch((event) => {
          if (event === 'append') this.#arm()
        }),
      )
      if (holdsRecords(partition)) this.#arm()
    }
  }

  #unwatch(partition: Partition): void {
    this.#watched.get(partition)?.()
    this.#watched.delete(partition)
  }

  #arm(): void {
    if (this.#timer !== undefined) return
    const intervalMs = this.#services.configs.brokerNumber('log.retention.check.interval.ms')
    this.#timer = this.#services.runtime.clock.setTimer(intervalMs, () => {
      this.#timer = undefined
      this.runNow()
      if ([...this.#watched.keys()].some(holdsRecords)) this.#arm()
    })
    this.#timer.unref?.()
  }
}

function holdsRecords(partition: Partition): boolean {
  return !partition.isDeleted && partition.logEndOffset > partition.logStartOffset
}
