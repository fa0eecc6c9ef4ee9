// Guards against loss and duplication: what is handed out, in which order, and what is committed when.
import { ErrorCode } from '../../../src/base/error-codes'
import { BrokerError, type KafkaError } from '../../../src/base/errors'
import type { Message } from '../../../src/message/message'
import { settle } from '../support/fake-clock'
import { assignedConsumer, groupConsumer, partitionsOf, shown, until, values } from './support/consumer-bench'

const texts = (messages: readonly Message[]) => messages.map((message) => String(message.rawValue))

describe('run', () => {
  it('hands out every message of every partition once, in the order of each log', async () => {
    const { cluster, group, consumer } = groupConsumer({}, 3)
    for (const partition of [0, 1, 2]) cluster.log('t', partition).fill(1000, 7)
    const seen: Message[] = []
    const run = consumer.run((message) => void seen.push(message))
    await group.assign(partitionsOf(0, 1, 2))
    await until(cluster, () => seen.length === 3000)
    for (const partition of [0, 1, 2]) {
      expect(texts(seen.filter((message) => message.partition === partition))).toEqual(values(0, 1000))
    }
    await consumer.close()
    await run
  })

  it('L15 commits what handlers finished, never the message one works on', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(10)
    let release = () => {}
    const run = consumer.run((message) =>
      message.offset === 4n ? new Promise<void>((resolve) => (release = resolve)) : undefined,
    )
    await group.assign(partitionsOf(0))
    await cluster.clock.advance(5000)
    expect(group.offsetOf('t', 0)).toBe(4n)
    release()
    await cluster.clock.advance(5000)
    expect(group.offsetOf('t', 0)).toBe(10n)
    await consumer.close()
    await run
  })

  it('ends with the error of a handler, after the others came back, and commits nothing of the failed message', async () => {
    const { cluster, group, consumer } = groupConsumer({}, 2)
    cluster.log('t', 0).fill(5)
    cluster.log('t', 1).fill(5)
    let release = () => {}
    const ended: string[] = []
    const run = consumer.run(
      async (message) => {
        if (message.partition === 1 && message.offset === 2n) throw new Error('no such account')
        if (message.partition === 0 && message.offset === 1n)
          await new Promise<void>((resolve) => (release = resolve))
        ended.push(shown(message))
      },
      { concurrency: 2 },
    )
    let outcome: unknown
    run.catch((error: unknown) => (outcome = error))
    await group.assign(partitionsOf(0, 1))
    await settle()
    expect(outcome).toBeUndefined()
    release()
    await until(cluster, () => outcome !== undefined)
    expect(outcome).toMatchObject({
      code: 'HANDLER_FAILED',
      message: 'The handler failed at offset 2: no such account (t-1)',
      cause: expect.objectContaining({ message: 'no such account' }) as unknown,
    })
    expect((outcome as KafkaError).context).toEqual({ topic: 't', partition: 1 })
    expect(ended).toContain('0:1')
    await consumer.close()
    expect(group.offsetOf('t', 1)).toBe(2n)
    expect(group.offsetOf('t', 0)).toBe(2n)
  })

  it('delivers the failed message again in the next run', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(6)
    const first = consumer.run((message) => {
      if (message.offset === 3n) throw new Error('once')
    })
    await group.assign(partitionsOf(0))
    await expect(first).rejects.toThrow('once')
    const seen: Message[] = []
    const second = consumer.run((message) => void seen.push(message))
    await until(cluster, () => seen.length === 3)
    expect(texts(seen)).toEqual(['3', '4', '5'])
    await consumer.close()
    await second
  })

  it('refuses a second way of reading while one is under way', async () => {
    const { consumer } = groupConsumer()
    const run = consumer.run(() => {})
    await expect(consumer.run(() => {})).rejects.toMatchObject({ code: 'CONSUMER_BUSY' })
    await consumer.stop()
    await run
    await consumer.close()
  })

  it('ends when its signal fires, and can be started again', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(3)
    const abort = new AbortController()
    const seen: string[] = []
    const run = consumer.run((message) => void seen.push(shown(message)), { signal: abort.signal })
    await group.assign(partitionsOf(0))
    await until(cluster, () => seen.length === 3)
    abort.abort()
    await run
    cluster.log('t', 0).fill(2)
    cluster.notify()
    const again = consumer.run((message) => void seen.push(shown(message)))
    await until(cluster, () => seen.length === 5)
    expect(seen).toEqual(['0:0', '0:1', '0:2', '0:3', '0:4'])
    await consumer.close()
    await again
  })

  it('L15 with order none commits only up to the oldest unfinished message, whatever finishes after it', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(20)
    const releases = new Map<string, () => void>()
    const run = consumer.run(
      (message) => new Promise<void>((r) => releases.set(String(message.rawValue), r)),
      {
        concurrency: 5,
        order: 'none',
      },
    )
    await group.assign(partitionsOf(0))
    await until(cluster, () => releases.size === 5)
    for (const value of ['1', '2', '4']) releases.get(value)?.()
    await cluster.clock.advance(5000)
    expect(group.offsetOf('t', 0)).toBe(0n)
    releases.get('0')?.()
    await cluster.clock.advance(5000)
    expect(group.offsetOf('t', 0)).toBe(3n)
    const closed = consumer.close()
    for (const release of releases.values()) release()
    await cluster.clock.advance(30_000)
    await Promise.all([closed, run])
  })

  it('with order key handles one key after another and different keys side by side', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(700)
    const running = new Map<string, number>()
    const order = new Map<string, number[]>()
    let most = 0
    const run = consumer.run(
      async (message) => {
        const key = String(message.rawKey)
        expect(running.get(key) ?? 0).toBe(0)
        running.set(key, 1)
        most = Math.max(
          most,
          [...running.values()].reduce((a, b) => a + b),
        )
        await new Promise((resolve) => setImmediate(resolve))
        running.set(key, 0)
        order.set(key, [...(order.get(key) ?? []), Number(message.rawValue)])
      },
      { concurrency: 4, order: 'key' },
    )
    await group.assign(partitionsOf(0))
    await until(cluster, () => [...order.values()].flat().length === 700)
    expect(most).toBe(4)
    for (const list of order.values()) expect(list).toEqual([...list].sort((a, b) => a - b))
    await consumer.close()
    expect(group.offsetOf('t', 0)).toBe(700n)
    await run
  })
})

describe('for await', () => {
  it('finishes a message when the loop asks for the next, and leaves the one of a break unfinished', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(10)
    const seen: string[] = []
    const loop = (async () => {
      for await (const message of consumer) {
        seen.push(shown(message))
        if (message.offset === 4n) break
      }
    })()
    await group.assign(partitionsOf(0))
    await loop
    expect(seen).toEqual(['0:0', '0:1', '0:2', '0:3', '0:4'])
    await consumer.commit()
    expect(group.offsetOf('t', 0)).toBe(4n)
    const next = consumer[Symbol.asyncIterator]().next()
    await cluster.clock.advance(50)
    expect(shown((await next).value as Message)).toBe('0:4')
    const closed = consumer.close()
    await cluster.clock.advance(30_000)
    await closed
    expect(group.offsetOf('t', 0)).toBe(4n)
  })

  it('ends when the consumer is closed while it waits', async () => {
    const { group, consumer } = groupConsumer()
    const loop = (async () => {
      for await (const message of consumer) void message
      return 'ended'
    })()
    await group.assign(partitionsOf(0))
    await consumer.close()
    expect(await loop).toBe('ended')
  })
})

describe('runBatches', () => {
  it('hands out consecutive messages of one partition and commits them when the handler is done', async () => {
    const { cluster, group, consumer } = groupConsumer({}, 2)
    cluster.log('t', 0).fill(250)
    cluster.log('t', 1).fill(30)
    const lengths: number[] = []
    const seen: string[][] = [[], []]
    const run = consumer.runBatches(
      async (batch) => {
        await settle()
        lengths.push(batch.length)
        for (const message of batch) seen[batch.partition]?.push(String(message.rawValue))
        expect(batch.lastOffset - batch.firstOffset + 1n).toBe(BigInt(batch.length))
      },
      { maxMessages: 100 },
    )
    await group.assign(partitionsOf(0, 1))
    await until(cluster, () => seen.flat().length === 280)
    expect(seen).toEqual([values(0, 250), values(0, 30)])
    expect(Math.max(...lengths)).toBe(100)
    await consumer.close()
    expect([group.offsetOf('t', 0), group.offsetOf('t', 1)]).toEqual([250n, 30n])
    await run
  })
})

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

describe('revocation', () => {
  it('L14 waits for the running handler, commits it, and hands out nothing after', async () => {
    const { cluster, group, consumer } = groupConsumer({}, 2)
    cluster.log('t', 0).fill(100)
    let release = () => {}
    const seen: string[] = []
    const run = consumer.run((message) => {
      seen.push(shown(message))
      if (message.offset === 5n) return new Promise<void>((resolve) => (release = resolve))
      return undefined
    })
    await group.assign(partitionsOf(0))
    await until(cluster, () => seen.length === 6)
    const revoked = group.revoke(partitionsOf(0))
    await settle()
    expect(group.events).toEqual(['revoking'])
    release()
    await revoked
    expect(group.events).toEqual(['revoking', 'commit', 'revoked'])
    expect(group.offsetOf('t', 0)).toBe(6n)
    await settle()
    expect(seen).toHaveLength(6)
    expect(consumer.assignment()).toEqual([])
    await consumer.close()
    await run
  })

  it('G10 a handler that is not back in time has its signal fired; its message is not committed', async () => {
    const { cluster, group, consumer } = groupConsumer({ rebalanceTimeoutMs: 1000 })
    cluster.log('t', 0).fill(10)
    let fired = false
    let release = () => {}
    const run = consumer.run((message, { signal }) => {
      if (message.offset !== 3n) return undefined
      signal.addEventListener('abort', () => (fired = true))
      return new Promise<void>((resolve) => (release = resolve))
    })
    await group.assign(partitionsOf(0))
    await settle()
    const revoked = group.revoke(partitionsOf(0))
    await cluster.clock.advance(799)
    expect(fired).toBe(false)
    await cluster.clock.advance(1)
    await revoked
    expect(fired).toBe(true)
    expect(group.offsetOf('t', 0)).toBe(3n)
    release()
    await consumer.close()
    await run
  })

  it('G10 a partition that comes back waits for the handler of its former life, then starts at the committed offset', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(10)
    let release = () => {}
    let isFirst = true
    const seen: string[] = []
    const run = consumer.run(
      (message) => {
        seen.push(shown(message))
        if (message.offset === 3n && isFirst) {
          isFirst = false
          return new Promise<void>((resolve) => (release = resolve))
        }
        return undefined
      },
      { concurrency: 2 },
    )
    await group.assign(partitionsOf(0))
    await until(cluster, () => seen.length === 4)
    await consumer.commit()
    await group.lose(partitionsOf(0))
    await group.assign(partitionsOf(0))
    await settle()
    expect(seen).toHaveLength(4)
    release()
    await cluster.clock.advance(50)
    expect(seen).toHaveLength(11)
    expect(seen.slice(4)).toEqual(values(3, 10).map((value) => `0:${value}`))
    await consumer.close()
    await run
  })

  it('G8 the revoked listener runs while the partitions are still owned; nothing is committed after a loss', async () => {
    const events: string[] = []
    const { cluster, group, consumer } = groupConsumer({
      onPartitionsRevoked: async (partitions) => {
        events.push(`revoked ${partitions.length}`)
        await consumer.commit([{ topic: 't', partition: 0, offset: 2n, metadata: 'mine' }])
      },
      onPartitionsLost: (partitions) => void events.push(`lost ${partitions.length}`),
    })
    cluster.log('t', 0).fill(10)
    const seen: Message[] = []
    const run = consumer.run((message) => void seen.push(message))
    await group.assign(partitionsOf(0))
    await until(cluster, () => seen.length === 10)
    await group.revoke(partitionsOf(0))
    expect(group.committed.get('t-0')).toMatchObject({ offset: 2n, metadata: 'mine' })
    await group.assign(partitionsOf(0))
    const commits = group.commits.length
    await group.lose(partitionsOf(0))
    await cluster.clock.advance(20_000)
    expect(group.commits).toHaveLength(commits)
    expect(events).toEqual(['revoked 1', 'lost 1'])
    await consumer.close()
    await run
  })

  it('C6 K9 a kept partition stays paused over a rebalance; one that was revoked comes back unpaused', async () => {
    const { group, consumer } = groupConsumer({}, 2)
    const run = consumer.run(() => {})
    await group.assign(partitionsOf(0, 1))
    consumer.pause(partitionsOf(0, 1))
    await group.revoke(partitionsOf(1))
    expect(consumer.paused()).toEqual(partitionsOf(0))
    await group.assign(partitionsOf(1))
    expect(consumer.paused()).toEqual(partitionsOf(0))
    await consumer.close()
    await run
  })

  it('G2 L16 a handler past maxPollIntervalMs loses its partitions, its signal fires, and the member joins again after it', async () => {
    const { cluster, group, consumer } = groupConsumer({ maxPollIntervalMs: 2000, rebalanceTimeoutMs: 1000 })
    cluster.log('t', 0).fill(3)
    let release = () => {}
    let fired = false
    const run = consumer.run((_message, { signal }) => {
      signal.addEventListener('abort', () => (fired = true))
      return new Promise<void>((resolve) => (release = resolve))
    })
    await group.assign(partitionsOf(0))
    await cluster.clock.advance(1999)
    expect(group.suspensions).toBe(0)
    await cluster.clock.advance(1)
    expect(group.suspensions).toBe(1)
    expect(fired).toBe(true)
    expect(group.resumptions).toBe(0)
    release()
    await settle()
    expect(group.resumptions).toBe(1)
    expect(group.offsetOf('t', 0)).toBeUndefined()
    const closed = consumer.close()
    await closed
    await run
  })
})

describe('what is left behind', () => {
  it('C13 G15 close commits, leaves, ends the fetch sessions and frees timers, listeners and leases; twice is once', async () => {
    const { cluster, group, consumer } = groupConsumer({}, 2)
    cluster.log('t', 0).fill(10)
    const seen: Message[] = []
    const run = consumer.run((message) => void seen.push(message))
    await group.assign(partitionsOf(0, 1))
    await until(cluster, () => seen.length === 10)
    await Promise.all([consumer.close(), consumer.close()])
    await run
    expect(group.events).toEqual(['revoking', 'commit', 'revoked', 'left'])
    expect(cluster.fetches.at(-1)?.request.sessionEpoch).toBe(-1)
    expect(cluster.closedConnections).toHaveLength(2)
    expect(cluster.clock.pendingTimers).toBe(0)
    expect(cluster.metadata.listenerCount).toBe(0)
    expect(cluster.leases).toBe(0)
    await expect(consumer.run(() => {})).rejects.toMatchObject({ code: 'CLOSED' })
  })

  it('closes without having been used', async () => {
    const { cluster, consumer } = groupConsumer()
    await consumer.close()
    expect(cluster.fetches).toHaveLength(0)
    expect(cluster.clock.pendingTimers).toBe(0)
  })

  it('L23 an idle consumer does nothing but poll its brokers, and commits nothing twice', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(3)
    const run = consumer.run(() => {})
    await group.assign(partitionsOf(0))
    await cluster.clock.advance(10_000)
    const fetches = cluster.fetches.length
    const commits = group.commits.length
    await cluster.clock.advance(10_000)
    expect(cluster.fetches.length - fetches).toBe(20)
    expect(group.commits).toHaveLength(commits)
    await consumer.close()
    await run
  })
})
