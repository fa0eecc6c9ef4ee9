// Guards against loss and duplication by a wrong place to read at: where reading starts, and where seek and pause leave it.
import { ErrorCode } from '../../../src/base/error-codes'
import { BrokerError } from '../../../src/base/errors'
import type { Message } from '../../../src/message/message'
import { settle } from '../support/fake-clock'
import { assignedConsumer, groupConsumer, partitionsOf, shown, until, values } from './support/consumer-bench'

const texts = (messages: readonly Message[]) => messages.map((message) => String(message.rawValue))

describe('positions', () => {
  it('C3 L13 never takes an error of the committed look-up for "nothing committed"', async () => {
    const { cluster, group, consumer } = groupConsumer({ startFrom: 'latest' })
    cluster.log('t', 0).fill(20)
    group.setCommitted('t', 0, 12n)
    group.lookupErrors.push(
      new BrokerError(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, 'OffsetFetch'),
      new BrokerError(ErrorCode.UNSTABLE_OFFSET_COMMIT, 'OffsetFetch'),
    )
    const seen: Message[] = []
    const run = consumer.run((message) => void seen.push(message))
    await group.assign(partitionsOf(0))
    await settle()
    expect(cluster.fetches).toHaveLength(0)
    await cluster.clock.advance(1000)
    expect(texts(seen)).toEqual(values(12, 20))
    expect(cluster.listOffsets).toHaveLength(0)
    await consumer.close()
    await run
  })

  it('C3 raises a look-up error that trying again would not cure', async () => {
    const { group, consumer } = groupConsumer()
    group.lookupErrors.push(new BrokerError(ErrorCode.GROUP_AUTHORIZATION_FAILED, 'OffsetFetch'))
    const run = consumer.run(() => {})
    const outcome = expect(run).rejects.toMatchObject({ code: 'GROUP_AUTHORIZATION_FAILED' })
    await group.assign(partitionsOf(0))
    await outcome
    await consumer.close()
  })

  it('C3 tries the look-up of the log again after a retriable error', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(5)
    cluster.listOffsetsErrors.push(ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.OFFSET_NOT_AVAILABLE)
    const seen: Message[] = []
    const run = consumer.run((message) => void seen.push(message))
    await group.assign(partitionsOf(0))
    await cluster.clock.advance(2000)
    expect(texts(seen)).toEqual(values(0, 5))
    expect(cluster.metadata.refreshes.length).toBeGreaterThan(0)
    await consumer.close()
    await run
  })

  it.each([
    ['earliest', 0],
    ['latest', 20],
    [{ offset: 7 }, 7],
    [{ timestamp: 500 }, 0],
    [{ timestamp: 5000 }, 20],
    [{ durationMs: 1000 }, 20],
  ] as const)('starts from %j where nothing is committed', async (startFrom, first) => {
    const { cluster, consumer } = assignedConsumer({ startFrom })
    cluster.log('t', 0).fill(20)
    const seen: Message[] = []
    const run = consumer.run((message) => void seen.push(message))
    await settle()
    cluster.log('t', 0).fill(1)
    cluster.notify()
    await until(cluster, () => seen.length === 21 - first)
    expect(texts(seen)).toEqual(values(first, 21))
    await consumer.close()
    await run
  })

  it("raises when nothing is committed and startFrom is 'none'", async () => {
    const { group, consumer } = groupConsumer({ startFrom: 'none' })
    const run = consumer.run(() => {})
    const outcome = expect(run).rejects.toMatchObject({ code: 'NO_OFFSET_FOR_PARTITION' })
    await group.assign(partitionsOf(0))
    await outcome
    await consumer.close()
  })

  it('C1 asks ListOffsets where to go on when the position is out of range, never the response', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(50)
    cluster.log('t', 0).deleteBefore(30n)
    group.setCommitted('t', 0, 10n)
    const seen: Message[] = []
    const run = consumer.run((message) => void seen.push(message))
    await group.assign(partitionsOf(0))
    await until(cluster, () => seen.length === 20)
    expect(texts(seen)).toEqual(values(30, 50))
    expect(cluster.listOffsets).toHaveLength(1)
    await consumer.close()
    await run
  })

  it('C1 does not spin when the place to go on at is out of range too', async () => {
    const { cluster, consumer } = assignedConsumer()
    cluster.log('t', 0).fill(5)
    cluster.partitionErrors.set(
      't-0',
      Array.from({ length: 1000 }, () => ErrorCode.OFFSET_OUT_OF_RANGE),
    )
    const run = consumer.run(() => {})
    await cluster.clock.advance(10_000)
    expect(cluster.listOffsets.length).toBeLessThan(15)
    await consumer.close()
    await run
  })

  it("C1 raises for the partition when startFrom is 'none', names offset and partition, and the others go on", async () => {
    const { cluster, group, consumer } = groupConsumer({ startFrom: 'none' }, 2)
    cluster.log('t', 0).fill(5)
    cluster.log('t', 1).fill(5)
    group.setCommitted('t', 0, 99n)
    group.setCommitted('t', 1, 0n)
    const seen: Message[] = []
    const run = consumer.run((message) => void seen.push(message))
    const outcome = expect(run).rejects.toMatchObject({
      code: 'OFFSET_OUT_OF_RANGE',
      message: expect.stringContaining('Offset 99') as string,
      context: { topic: 't', partition: 0 },
    })
    await group.assign(partitionsOf(0, 1))
    await outcome
    consumer.seek({ topic: 't', partition: 0 }, 4)
    const again = consumer.run((message) => void seen.push(message))
    await until(cluster, () => seen.length === 6)
    expect(seen.map(shown).sort()).toEqual(['0:4', '1:0', '1:1', '1:2', '1:3', '1:4'])
    await consumer.close()
    await again
  })
})

describe('seek and pause', () => {
  it('C5 seek hands out nothing from before it, whatever was fetched or is on its way', async () => {
    const { cluster, consumer } = assignedConsumer()
    cluster.log('t', 0).fill(2000)
    const seen: number[] = []
    const run = consumer.run((message) => {
      seen.push(Number(message.rawValue))
      if (seen.length === 10) consumer.seek(message, 1500)
    })
    await until(cluster, () => seen.length === 510)
    expect(seen).toEqual([...values(0, 10), ...values(1500, 2000)].map(Number))
    await consumer.close()
    await run
  })

  it('C5 a seek in the assigned listener is where reading starts', async () => {
    const { cluster, group, consumer } = groupConsumer({
      onPartitionsAssigned: (partitions) => {
        for (const one of partitions) consumer.seek(one, 15n)
      },
    })
    cluster.log('t', 0).fill(20)
    group.setCommitted('t', 0, 3n)
    const seen: Message[] = []
    const run = consumer.run((message) => void seen.push(message))
    await group.assign(partitionsOf(0))
    await until(cluster, () => seen.length === 5)
    expect(texts(seen)).toEqual(values(15, 20))
    await consumer.close()
    await run
  })

  it('seeks to the beginning and to the end', async () => {
    const { cluster, consumer } = assignedConsumer()
    cluster.log('t', 0).fill(5)
    const seen: Message[] = []
    const run = consumer.run((message) => void seen.push(message))
    await until(cluster, () => seen.length === 5)
    consumer.seek({ topic: 't', partition: 0 }, 'beginning')
    await cluster.clock.advance(50)
    expect(seen).toHaveLength(10)
    consumer.seek({ topic: 't', partition: 0 }, 'end')
    expect(consumer.position({ topic: 't', partition: 0 })).toBeUndefined()
    await until(cluster, () => consumer.position({ topic: 't', partition: 0 }) === 5n)
    await consumer.close()
    await run
  })

  it('C6 pause keeps what was fetched, and resume hands it out without fetching again', async () => {
    const { cluster, consumer } = assignedConsumer({}, 2)
    cluster.log('t', 0).fill(100)
    const seen: Message[] = []
    const run = consumer.run((message) => {
      seen.push(message)
      if (message.offset === 9n) consumer.pause([message])
    })
    await until(cluster, () => seen.length === 10)
    await settle()
    expect(consumer.paused()).toEqual([{ topic: 't', partition: 0 }])
    expect(seen).toHaveLength(10)
    const asked = cluster.fetches.length
    cluster.log('t', 1).fill(3)
    cluster.notify()
    await until(cluster, () => seen.length === 13)
    consumer.resume([{ topic: 't', partition: 0 }])
    await until(cluster, () => seen.length === 103)
    expect(texts(seen.slice(13))).toEqual(values(10, 100))
    const offsetsAsked = cluster.fetches
      .slice(asked)
      .flatMap(({ request }) => request.topics.flatMap(({ partitions }) => partitions))
      .filter(({ partition }) => partition === 0)
      .map(({ fetchOffset }) => fetchOffset)
    expect(offsetsAsked.every((offset) => offset === 100n)).toBe(true)
    await consumer.close()
    await run
  })

  it('refuses partitions that are not assigned, and offsets that are none', () => {
    const { consumer } = assignedConsumer()
    expect(() => consumer.pause(partitionsOf(7))).toThrow('t-7 is not assigned')
    expect(() => consumer.seek({ topic: 't', partition: 0 }, -1)).toThrow('no offset')
  })
})
