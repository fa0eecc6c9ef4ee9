// Guards L13 to L17 together: whatever is sought, paused, resumed, revoked and delayed, and however handlers are run, no
// message is skipped, none comes twice without a reason, and no commit passes an unfinished message.
import type { PartitionOffset } from '../../../../src/consumer/group/group-membership'
import type { Message } from '../../../../src/message/message'
import { settle } from '../../support/fake-clock'
import { type ConsumerBench, groupConsumer, partitionsOf, until } from '../support/consumer-bench'

/** A small generator of repeatable randomness. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 0x100000000
  }
}

const count = 400
const partitions = 3

interface Track {
  /** What must come next: the position after the last message, or where a seek went. */
  next: bigint
  isPaused: boolean
  unfinished: Set<bigint>
}

class Model {
  readonly tracks: Track[] = Array.from({ length: partitions }, () => ({
    next: 0n,
    isPaused: false,
    unfinished: new Set<bigint>(),
  }))
  readonly problems: string[] = []

  deliver({ partition, offset, rawValue }: Message): void {
    const track = this.tracks[partition] as Track
    if (String(rawValue) !== String(offset))
      this.problems.push(`${partition}:${offset} carries ${String(rawValue)}`)
    if (offset !== track.next) this.problems.push(`${partition}:${offset} came, ${track.next} was due`)
    if (track.isPaused) this.problems.push(`${partition}:${offset} came while paused`)
    track.next = offset + 1n
    track.unfinished.add(offset)
  }

  finish({ partition, offset }: Message): void {
    this.tracks[partition]?.unfinished.delete(offset)
  }

  checkCommit({ partition, offset }: PartitionOffset): void {
    for (const unfinished of this.tracks[partition]?.unfinished ?? []) {
      if (offset > unfinished)
        this.problems.push(`commit ${offset} of ${partition} passes unfinished ${unfinished}`)
    }
  }
}

async function act(bench: ConsumerBench, model: Model, random: () => number): Promise<void> {
  const { cluster, group, consumer } = bench
  const partition = Math.floor(random() * partitions)
  const [one] = partitionsOf(partition)
  const track = model.tracks[partition]
  if (one === undefined || track === undefined) return
  const choice = random()
  if (choice < 0.25) {
    const target = BigInt(Math.floor(random() * count))
    consumer.seek(one, target)
    track.next = target
    // What was handed out before the seek finishes, or not, without regard to the new position.
    track.unfinished.clear()
  } else if (choice < 0.45) {
    consumer.pause([one])
    track.isPaused = true
  } else if (choice < 0.65) {
    consumer.resume([one])
    track.isPaused = false
  } else if (choice < 0.75) {
    await group.revoke([one])
    track.unfinished.clear()
    track.isPaused = false
    track.next = group.offsetOf('t', partition) ?? 0n
    await group.assign([one])
  } else if (choice < 0.85) cluster.dropSessions()
  else await cluster.clock.advance(Math.floor(random() * 700))
}

describe.each([
  { order: 'partition', concurrency: 1 },
  { order: 'partition', concurrency: 3 },
  { order: 'none', concurrency: 8 },
  { order: 'key', concurrency: 4 },
] as const)('order $order, concurrency $concurrency', ({ order, concurrency }) => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('C5 C6 L15: delivers exactly what is due (seed %d)', async (seed) => {
    const random = randomOf(seed * 7919)
    const bench = groupConsumer(
      { maxPartitionFetchBytes: 400 + Math.floor(random() * 4000), autoCommitIntervalMs: 50 },
      partitions,
    )
    const { cluster, group, consumer } = bench
    for (let p = 0; p < partitions; p++) cluster.log('t', p).fill(count, 1 + Math.floor(random() * 30))
    const model = new Model()
    const isOrdered = order === 'partition'
    group.onCommit = (offsets) => offsets.forEach((one) => model.checkCommit(one))
    let started = 0
    let finished = 0
    let quietRounds = 0
    const finish = (message: Message) => {
      finished++
      quietRounds = 0
      model.finish(message)
    }
    const run = consumer.run(
      (message) => {
        started++
        // Beside each other only the order of starting is checked per key; by partition it is checked as a whole.
        if (isOrdered) model.deliver(message)
        else model.tracks[message.partition]?.unfinished.add(message.offset)
        if (random() < 0.5) return finish(message)
        return (random() < 0.5 ? Promise.resolve() : settle()).then(() => finish(message))
      },
      { order, concurrency },
    )
    await group.assign(partitionsOf(0, 1, 2))
    for (let step = 0; step < 60; step++) {
      await settle()
      await act(bench, model, random)
    }
    for (const [partition, track] of model.tracks.entries()) {
      consumer.resume(partitionsOf(partition))
      track.isPaused = false
    }
    await until(cluster, () => partitionsOf(0, 1, 2).every((one) => consumer.position(one) === BigInt(count)))
    // Side by side, the position is ahead of handlers that have not started.
    await until(cluster, () => started === finished && ++quietRounds > 100)
    await consumer.close()
    await run
    expect(model.problems).toEqual([])
    expect([0, 1, 2].map((partition) => group.offsetOf('t', partition))).toEqual([400n, 400n, 400n])
  })
})
