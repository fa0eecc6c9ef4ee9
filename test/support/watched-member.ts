import { Kafka, silentLogger, type Consumer, type ConsumerOptions, type KafkaOptions } from '../../src'
import { eventually } from './eventually'

/** What is known of a member of a group, whoever's client it is. */
export interface MemberView {
  readonly owned: ReadonlySet<string>
  readonly events: readonly string[]
  readonly failure: unknown
}

/** A member of the group `billing` that notes what it owns and what it handles. */
export class WatchedMember {
  readonly owned = new Set<string>()
  readonly events: string[] = []
  readonly handled: string[] = []
  readonly consumer: Consumer
  readonly kafka: Kafka
  /** What `run` ended with. */
  failure: unknown
  #running: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor(kafka: KafkaOptions, options: ConsumerOptions = {}) {
    this.kafka = new Kafka({ logger: silentLogger, retryBackoffMs: 20, ...kafka })
    const note =
      (what: string, change: (key: string) => void) =>
      (list: readonly { readonly topic: string; readonly partition: number }[]) => {
        const keys = list.map(({ topic, partition }) => `${topic}-${partition}`).sort()
        this.events.push([what, ...keys].join(' '))
        keys.forEach(change)
      }
    this.consumer = this.kafka.consumer({
      groupId: 'billing',
      startFrom: 'earliest',
      autoCommitIntervalMs: 50,
      onPartitionsAssigned: note('assigned', (key) => this.owned.add(key)),
      onPartitionsRevoked: note('revoked', (key) => this.owned.delete(key)),
      onPartitionsLost: note('lost', (key) => this.owned.delete(key)),
      ...options,
    })
  }

  run(handle: () => Promise<void> = () => Promise.resolve()): this {
    this.#running = this.consumer.run(async (message) => {
      this.handled.push(String(message.value))
      await handle()
    })
    this.#running.catch((error: unknown) => (this.failure = error))
    return this
  }

  /** Leaves the group; a second call waits for the first. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.consumer.close()
    await this.#running?.catch(() => {})
  }

  /** Whether anything was taken away from it without being asked for. */
  get wasInterrupted(): boolean {
    return this.events.some((event) => event.startsWith('lost') || event.startsWith('revoked'))
  }
}

/** Waits until the members have these many partitions, none twice. */
export async function eventuallyShared(
  members: readonly MemberView[],
  counts: readonly number[],
  limitMs?: number,
): Promise<void> {
  const isShared = () => {
    const all = members.flatMap(({ owned }) => [...owned])
    const found = members.map(({ owned }) => owned.size).sort()
    return new Set(all).size === all.length && JSON.stringify(found) === JSON.stringify([...counts].sort())
  }
  const show = () =>
    members
      .map(({ owned, events, failure }) => JSON.stringify([[...owned], events, String(failure)]))
      .join('; ')
  await eventually(isShared, show, limitMs)
}
