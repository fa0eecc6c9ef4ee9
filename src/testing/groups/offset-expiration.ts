import type { Timer } from '../../base/clock'
import type { Services } from '../contracts/services'
import type { CommittedOffset, Group } from '../contracts/group'

/**
 * Deletes offsets that nobody used for `offsets.retention.minutes`, and empty groups without offsets. Looks every
 * `offsets.retention.check.interval.ms`, as Kafka's coordinator does, and only while there are groups.
 *
 * | group | retention counts from |
 * |---|---|
 * | with members that read the topic | never expires |
 * | empty, of a group protocol | when the group became empty |
 * | without a group protocol, or stable and without the topic | the commit |
 */
export class OffsetExpiration {
  readonly #services: Services
  #timer: Timer | undefined

  constructor(services: Services) {
    this.#services = services
  }

  start(): void {
    if (this.#timer !== undefined) return
    const { runtime, configs } = this.#services
    const intervalMs = configs.brokerNumber('offsets.retention.check.interval.ms')
    this.#timer = runtime.clock.setTimer(intervalMs, () => this.#run())
    this.#timer.unref?.()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #run(): void {
    this.#timer = undefined
    const { groups } = this.#services
    for (const group of [...groups.all]) {
      const isBare = this.#expire(group)
      // A share group stays until it is deleted: its state is elsewhere.
      if (isBare && group.kind !== 'share' && group.state === 'Empty') groups.remove(group.groupId)
    }
    if ([...groups.all].length > 0) this.start()
  }

  /** True when the group has no offsets any more, not even in open transactions. */
  #expire(group: Group): boolean {
    const { offsets } = this.#services
    let isBare = true
    for (const [topic, partitions] of [...offsets.list(group.groupId)]) {
      for (const [partition, offset] of [...partitions]) {
        if (this.#isExpired(group, topic, partition, offset)) {
          offsets.delete(group.groupId, topic, partition)
        } else {
          isBare = false
        }
      }
    }
    return isBare && !offsets.hasPendingInGroup(group.groupId)
  }

  #isExpired(group: Group, topic: string, partition: number, offset: CommittedOffset): boolean {
    const { offsets, configs, runtime } = this.#services
    const start = retentionStart(group, offset.committedAt)
    if (start === undefined || group.isSubscribedTo(topic)) return false
    if (offsets.hasPending(group.groupId, topic, partition)) return false
    const now = runtime.clock.wallTime()
    if (offset.expiresAt !== undefined) return now >= offset.expiresAt
    return now - start >= configs.brokerNumber('offsets.retention.minutes') * 60_000
  }
}

function retentionStart(group: Group, committedAt: number): number | undefined {
  if (group.offsetRetentionStart !== undefined) return group.offsetRetentionStart(committedAt)
  return group.kind === 'share' ? undefined : committedAt
}
