// Guards against loss and duplication: what is handed out, in which order, and what is committed when.
import type { KafkaError } from '../../../src/base/errors'
import type { Message } from '../../../src/message/message'
import { settle } from '../support/fake-clock'
import { groupConsumer, partitionsOf, shown, until, values } from './support/consumer-bench'

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

  it('C13 K3 L15 commits what handlers finished, never the message one works on', async () => {
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

  it('K3 L15 with order none commits only up to the oldest unfinished message, whatever finishes after it', async () => {
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
  it('C13 K3: finishes a message when the loop asks for the next, and leaves the one of a break unfinished', async () => {
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
    expect(group.events).toEqual(['commit', 'revoking', 'revoked', 'left'])
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
    expect(cluster.fetches.length - fetches).toBe(2)
    expect(group.commits).toHaveLength(commits)
    await consumer.close()
    await run
  })
})
