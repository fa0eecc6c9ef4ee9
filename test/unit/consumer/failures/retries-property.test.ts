// Guards C13, L14 and L15 under random failures: whatever fails, is retried, skipped, paused, sought, revoked and stopped, in
// every order, no commit passes a message that is not finished, none is lost, and order is kept where it was promised.
import type { PartitionOffset } from '../../../../src/consumer/group/group-membership'
import type { ErrorPolicy } from '../../../../src/consumer/failures/error-policy'
import type { Message } from '../../../../src/message/message'
import { seededRandom } from '../../../../src/testing/simulation/seeded-random'
import { settle } from '../../support/fake-clock'
import { type ConsumerBench, groupConsumer, partitionsOf } from '../support/consumer-bench'

const count = 120
const partitions = 3

const idOf = ({ partition, offset }: { partition: number; offset: bigint }) => `${partition}:${offset}`

/** What is true of every message, independent of how the consumer keeps its accounts. */
class Book {
  readonly problems: string[] = []
  /** What began and ended, in its order, and what was committed. */
  readonly course: string[] = []
  readonly finished = new Set<string>()
  readonly #running = new Map<string, string>()
  /** The last message that was finished of what keeps its order: a partition, or a key in it. */
  readonly #last = new Map<string, bigint>()

  constructor(readonly order: 'partition' | 'key' | 'none' | 'batches') {}

  laneOf({ partition, offset, rawKey }: Message): string {
    if (this.order === 'none') return `${partition}:${offset}`
    return this.order === 'key' ? `${partition} ${String(rawKey)}` : String(partition)
  }

  start(message: Message): void {
    this.course.push(`${idOf(message)} began`)
    const lane = this.laneOf(message)
    const other = this.#running.get(lane)
    if (other !== undefined) this.problems.push(`${idOf(message)} began while ${other} ran in ${lane}`)
    this.#running.set(lane, idOf(message))
    const last = this.#last.get(lane)
    // What comes after a message of its lane was finished may be an earlier one only when it was delivered again.
    if (last !== undefined && message.offset > last && this.#skippedBetween(message, last)) {
      this.problems.push(`${idOf(message)} began before an earlier one of ${lane} was finished`)
    }
  }

  #skippedBetween({ partition, offset }: Message, last: bigint): boolean {
    if (this.order === 'none') return false
    const step = this.order === 'key' ? 7n : 1n
    for (let at = last + step; at < offset; at += step) {
      if (!this.finished.has(`${partition}:${at}`)) return true
    }
    return false
  }

  end(message: Message, isFinished: boolean): void {
    this.course.push(`${idOf(message)} ${isFinished ? 'finished' : 'failed'}`)
    const lane = this.laneOf(message)
    this.#running.delete(lane)
    if (!isFinished) return
    this.finish(message)
    this.#last.set(lane, message.offset)
  }

  finish(message: Message): void {
    this.finished.add(idOf(message))
  }

  checkCommit({ partition, offset }: PartitionOffset): void {
    this.course.push(`commit ${partition}:${offset}`)
    for (let at = 0n; at < offset; at++) {
      if (!this.finished.has(`${partition}:${at}`)) {
        this.problems.push(`commit ${offset} of ${partition} passes ${at}, which was never finished`)
        return
      }
    }
  }
}

/** Disturbs the reading in one way or another. */
async function disturb({ cluster, group, consumer }: ConsumerBench, random: () => number): Promise<void> {
  const [one] = partitionsOf(Math.floor(random() * partitions))
  if (one === undefined) return
  const what = random()
  const isOwned = consumer.assignment().some(({ partition }) => partition === one.partition)
  if (!isOwned) await group.assign([one])
  else if (what < 0.3) consumer.pause([one])
  else if (what < 0.7) consumer.resume(consumer.paused())
  else if (what < 0.8) void group.revoke([one])
  else if (what < 0.85) await group.lose([one])
  await cluster.clock.advance(Math.floor(random() * 60))
}

type Order = Book['order']

/** Reads all messages through whatever the seed brings, and checks that all of them were handled. */
async function live(order: Order, seed: number): Promise<Book> {
  const random = seededRandom(seed * 7919)
  const bench = groupConsumer({ autoCommitIntervalMs: 20, maxPollIntervalMs: 600_000 }, partitions)
  const { cluster, group, consumer } = bench
  for (let partition = 0; partition < partitions; partition++) cluster.log('t', partition).fill(count)
  const book = new Book(order)
  group.onCommit = (offsets) => offsets.forEach((one) => book.checkCommit(one))
  const onError: ErrorPolicy = {
    retries: 2,
    retryBackoffMs: 20,
    retryBackoffMaxMs: 50,
    isRetriable: () => random() < 0.8,
    giveUp: ({ message }) => {
      if (random() < 0.3) return 'stop'
      book.finish(message)
      return 'skip'
    },
  }
  const work = async (message: Message) => {
    book.start(message)
    let isFinished = false
    try {
      if (random() < 0.5) await Promise.resolve()
      if (random() < 0.1) await new Promise<void>((resolve) => void cluster.clock.setTimer(30, resolve))
      if (random() < 0.15) throw new Error('by chance')
      isFinished = true
    } finally {
      book.end(message, isFinished)
    }
  }
  const start = () =>
    order === 'batches'
      ? consumer.runBatches(
          async (batch, { finish }) => {
            for (const message of batch) {
              await work(message)
              if (random() < 0.5) finish(message)
            }
          },
          { maxMessages: 9, concurrency: 2, onError },
        )
      : consumer.run(work, { order, concurrency: 1 + Math.floor(random() * 4), onError })
  let isEnding = false
  const loop = (async () => {
    while (!isEnding) await start().catch(() => undefined)
  })()
  await group.assign(partitionsOf(0, 1, 2))
  for (let step = 0; step < 60; step++) {
    await disturb(bench, random)
    if (random() < 0.1) void consumer.stop().catch(() => undefined)
  }
  // Now it is left in peace until all is done.
  await settle()
  const owned = consumer.assignment().map(({ partition }) => partition)
  await group.assign(partitionsOf(0, 1, 2).filter(({ partition }) => !owned.includes(partition)))
  consumer.resume(consumer.paused())
  const isDone = () => [0, 1, 2].every((partition) => group.offsetOf('t', partition) === BigInt(count))
  for (let i = 0; i < 3000 && !isDone(); i++) await cluster.clock.advance(20)
  isEnding = true
  await Promise.all([consumer.close(), cluster.clock.advance(2000)])
  await loop
  expect(book.problems).toEqual([])
  expect([0, 1, 2].map((partition) => group.offsetOf('t', partition))).toEqual([120n, 120n, 120n])
  expect(book.finished.size).toBe(count * partitions)
  expect(cluster.clock.pendingTimers).toBe(0)
  return book
}

const orders = ['partition', 'key', 'none', 'batches'] as const
// The last ones once found a handler that ran beside that of the partition's former life.
const seeds = [1, 2, 3, 4, 5, 6, 7, 8, 28, 232]
for (let seed = 300; seed < 300 + Number(process.env['FAILURE_SEEDS'] ?? 0); seed++) seeds.push(seed)

describe.each(orders)('random failures, %s', (order) => {
  it.each(seeds)('C13 L15: seed %i', async (seed) => {
    await live(order, seed)
  })

  it('a seed takes the same course each time, so that what it finds can be found again', async () => {
    const { course } = await live(order, 3)
    expect(course.length).toBeGreaterThan(count * partitions)
    expect((await live(order, 3)).course).toEqual(course)
  })
})
