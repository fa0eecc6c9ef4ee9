// Guards share consumers against handing out what others hold, losing what nobody finished, and delivering again what
// was accepted: members of share groups as users have them, against the rules of brokers of Kafka 4.3.
import { json, Kafka, SerializationError, topic, type ShareMessage } from '../../src'
import type { AcknowledgementResult } from '../../src'
import { errorOf, until } from './support/case-runner'
import { ShareCluster, values } from './support/share-cluster'

let cluster: ShareCluster

async function start(options: Parameters<typeof ShareCluster.start>[0] = {}): Promise<ShareCluster> {
  cluster = await ShareCluster.start(options)
  return cluster
}

afterEach(async () => {
  await cluster.close()
  expect(cluster.broker.failures).toEqual([])
})

const valueOf = (message: ShareMessage) => String(message.rawValue)
const deliveryOf = (message: ShareMessage) => `${valueOf(message)}×${message.deliveryCount}`

/** Reads until so many messages were handled, by a consumer that accepts them all. */
async function readAll(count: number, options: Parameters<ShareCluster['consumer']>[0] = {}) {
  const consumer = cluster.consumer(options)
  const seen: string[] = []
  await consumer.run((message) => {
    seen.push(deliveryOf(message))
    if (seen.length === count) void consumer.stop()
  })
  await consumer.close()
  return seen
}

describe('a share consumer with implicit acknowledgements', () => {
  it('S1: hands out every message once, and accepts it when the next one is asked for', async () => {
    await start()
    await cluster.produce(values(20))
    const consumer = cluster.consumer()
    const seen: string[] = []
    for await (const message of consumer) {
      seen.push(deliveryOf(message))
      if (seen.length === 20) void consumer.stop()
    }
    expect(seen).toEqual(values(20).map((value) => `${value}×1`))
    await consumer.close()
    await cluster.produce(['next'])
    expect(await readAll(1)).toEqual(['next×1'])
  })

  it('S1: releases the message with which a loop is left; the others wait for the next loop', async () => {
    await start()
    await cluster.produce(values(3))
    const consumer = cluster.consumer()
    const seen: string[] = []
    for (let round = 0; round < 2; round++) {
      for await (const message of consumer) {
        seen.push(deliveryOf(message))
        break
      }
    }
    await expect(
      (async () => {
        for await (const message of consumer) {
          seen.push(deliveryOf(message))
          throw new Error('in the body')
        }
      })(),
    ).rejects.toThrow('in the body')
    await consumer.close()
    expect(seen).toEqual(['v0×1', 'v1×1', 'v2×1'])
    expect((await readAll(3)).sort()).toEqual(['v0×2', 'v1×2', 'v2×2'])
  })

  it('runs a handler for each message, so many at the same time, and accepts those that come back', async () => {
    await start()
    await cluster.produce(values(30))
    const consumer = cluster.consumer({ maxPollRecords: 10 })
    let running = 0
    let most = 0
    const seen: string[] = []
    await consumer.run(
      async (message) => {
        most = Math.max(most, ++running)
        await new Promise((resolve) => setTimeout(resolve, 5))
        running--
        seen.push(valueOf(message))
        if (seen.length === 30) void consumer.stop()
      },
      { concurrency: 4 },
    )
    expect(most).toBe(4)
    expect(seen.sort()).toEqual(values(30).sort())
    await consumer.close()
    await cluster.produce(['next'])
    expect(await readAll(1)).toEqual(['next×1'])
  })

  it('S1: has a message whose handler failed delivered again with a higher count, until the limit of the group', async () => {
    await start()
    await cluster.configure('workers', { 'share.delivery.count.limit': 3 })
    await cluster.produce(['bad', 'good'])
    const consumer = cluster.consumer()
    const seen: string[] = []
    const running = consumer.run((message) => {
      seen.push(deliveryOf(message))
      if (valueOf(message) === 'bad') throw new Error('cannot be processed')
      if (valueOf(message) === 'last') void consumer.stop()
    })
    await until(() => seen.length === 4, 'all deliveries')
    await cluster.produce(['last'])
    await running
    expect(seen).toEqual(['bad×1', 'good×1', 'bad×2', 'bad×3', 'last×1'])
  })

  it('rejects, accepts or releases a failed message as onError says', async () => {
    await start()
    await cluster.produce(['reject', 'accept', 'release'])
    const consumer = cluster.consumer()
    const seen: string[] = []
    await consumer.run(
      (message) => {
        seen.push(deliveryOf(message))
        if (message.deliveryCount > 1) void consumer.stop()
        else throw new Error(valueOf(message))
      },
      { onError: (error) => (error as Error).message as 'reject' | 'accept' | 'release' },
    )
    expect(seen).toEqual(['reject×1', 'accept×1', 'release×1', 'release×2'])
  })

  it('rejects the run when onError fails, and releases the message', async () => {
    await start()
    await cluster.produce(['one'])
    const run = cluster.consumer().run(
      () => {
        throw new Error('first')
      },
      {
        onError: () => {
          throw new Error('second')
        },
      },
    )
    expect(await errorOf(run)).toMatchObject({ code: 'HANDLER_FAILED', cause: { message: 'second' } })
    await Promise.resolve()
  })

  it('S2: a message that cannot be decoded fails in the handler that reads it, and is released', async () => {
    await start()
    await cluster.produce(['not json', '{"id":1}'])
    const definition = topic('orders', {
      value: json({
        '~standard': {
          version: 1,
          vendor: 'test',
          validate: (value: unknown) => ({ value: value as { id: number } }),
        },
      }),
    })
    const consumer = cluster.kafka.shareConsumer({
      groupId: 'workers',
      topics: [definition],
      fetchMaxWaitMs: 50,
    })
    const seen: (number | string)[] = []
    await consumer.run(
      (message) => {
        seen.push(message.value.id)
      },
      {
        onError: (error, message) => {
          seen.push(`${(error as Error).constructor.name}×${message.deliveryCount}`)
          expect(error).toBeInstanceOf(SerializationError)
          if (message.deliveryCount < 2) return 'release'
          void consumer.stop()
          return 'reject'
        },
      },
    )
    await consumer.close()
    expect(seen).toEqual(['SerializationError×1', 1, 'SerializationError×2'])
  })

  it('refuses to acknowledge by hand', async () => {
    await start()
    await cluster.produce(['one'])
    const consumer = cluster.consumer()
    for await (const message of consumer) {
      expect(() => message.acknowledge('accept')).toThrow("acknowledgementMode 'explicit'")
      break
    }
  })

  it('shares the messages of one partition among members, each message to one', async () => {
    await start()
    await cluster.produce(values(40))
    const seen: string[] = []
    const takenBy = new Set<number>()
    const members = [0, 1, 2].map((index) => ({ index, consumer: cluster.consumer({ maxPollRecords: 2 }) }))
    await Promise.all(members.map(({ consumer }) => consumer.connect()))
    for (let i = 0; i < 60; i++) await cluster.produce([`m${i}`])
    await Promise.all(
      members.map(({ index, consumer }) =>
        consumer.run(async (message) => {
          await new Promise((resolve) => setTimeout(resolve, 1))
          takenBy.add(index)
          seen.push(deliveryOf(message))
          if (seen.length === 100) for (const one of members) void one.consumer.stop()
        }),
      ),
    )
    expect(new Set(seen).size).toBe(100)
    expect(seen.every((one) => one.endsWith('×1'))).toBe(true)
    expect([...takenBy].sort()).toEqual([0, 1, 2])
  })
})

describe('a share consumer with explicit acknowledgements', () => {
  it('S1: rejects the loop when the next message is asked for and the last one was not acknowledged', async () => {
    await start()
    await cluster.produce(values(2))
    const consumer = cluster.consumer({ acknowledgementMode: 'explicit' })
    const loop = (async () => {
      for await (const message of consumer) expect(valueOf(message)).toBe('v0')
    })()
    expect(await errorOf(loop)).toMatchObject({ code: 'NOT_ACKNOWLEDGED' })
    await consumer.close()
    expect((await readAll(2)).sort()).toEqual(['v0×2', 'v1×2'])
  })

  it('S1: rejects the run when a handler comes back without an acknowledgement', async () => {
    await start()
    await cluster.produce(['one'])
    const run = cluster.consumer({ acknowledgementMode: 'explicit' }).run(() => undefined)
    expect(await errorOf(run)).toMatchObject({ code: 'NOT_ACKNOWLEDGED' })
  })

  it('S1: accepts, releases and rejects as each message is acknowledged', async () => {
    await start()
    await cluster.produce(['accept', 'release', 'reject'])
    const consumer = cluster.consumer({ acknowledgementMode: 'explicit' })
    const seen: string[] = []
    await consumer.run((message) => {
      seen.push(deliveryOf(message))
      if (message.deliveryCount > 1) {
        consumer.acknowledge(message)
        void consumer.stop()
      } else message.acknowledge(valueOf(message) as 'accept' | 'release' | 'reject')
    })
    expect(seen).toEqual(['accept×1', 'release×1', 'reject×1', 'release×2'])
    await consumer.close()
    await cluster.produce(['next'])
    expect(await readAll(1)).toEqual(['next×1'])
  })

  it('takes what was said last before it was sent, and refuses a word on what was sent', async () => {
    await start()
    await cluster.produce(['one', 'two'])
    const consumer = cluster.consumer({ acknowledgementMode: 'explicit' })
    const seen: string[] = []
    for await (const message of consumer) {
      seen.push(deliveryOf(message))
      message.acknowledge('release')
      message.acknowledge('accept')
      const [result] = await consumer.commit()
      expect(result).toMatchObject({
        topic: 'orders',
        partition: 0,
        error: undefined,
        ranges: [{ firstOffset: message.offset, lastOffset: message.offset, type: 'accept' }],
      })
      expect(() => message.acknowledge('release')).toThrow('has been acknowledged before')
      if (seen.length === 2) void consumer.stop()
    }
    expect(seen).toEqual(['one×1', 'two×1'])
  })

  it('tells the listener of every acknowledgement, in ranges', async () => {
    await start()
    await cluster.produce(values(10))
    const results: AcknowledgementResult[] = []
    const consumer = cluster.consumer({
      acknowledgementMode: 'explicit',
      onAcknowledged: (told) => results.push(...told),
    })
    let count = 0
    for await (const message of consumer) {
      message.acknowledge(message.offset === 4n ? 'reject' : 'accept')
      if (++count === 10) void consumer.stop()
    }
    await consumer.close()
    const ranges = results.flatMap((result) => result.ranges)
    const told = ranges.flatMap(({ firstOffset, lastOffset, type }) =>
      Array.from(
        { length: Number(lastOffset - firstOffset) + 1 },
        (_, i) => `${Number(firstOffset) + i} ${type}`,
      ),
    )
    expect(told).toEqual(Array.from({ length: 10 }, (_, i) => `${i} ${i === 4 ? 'reject' : 'accept'}`))
    expect(results.every(({ error }) => error === undefined)).toBe(true)
  })

  it('refuses a type that there is none of', async () => {
    await start()
    await cluster.produce(['one'])
    const consumer = cluster.consumer({ acknowledgementMode: 'explicit' })
    for await (const message of consumer) {
      expect(() => message.acknowledge('done' as 'accept')).toThrow("the type is 'done'")
      break
    }
  })
})

describe('what a share consumer is asked for', () => {
  it('is refused with a reason where the option belongs to other consumers', async () => {
    await start()
    const wrong = { startFrom: 'earliest', groupInstanceId: 'a', maxPollRecord: 3 }
    const make = () =>
      cluster.kafka.shareConsumer({ groupId: 'workers', topics: ['orders'], ...wrong } as never)
    expect(make).toThrow(
      "option 'startFrom' is not for members of share groups: it is set for the whole group, by its config share.auto.offset.reset",
    )
    expect(make).toThrow("option 'groupInstanceId' is not for members")
    expect(make).toThrow("unknown option 'maxPollRecord', did you mean 'maxPollRecords'?")
  })

  it('is done in one way at a time, and not after the close', async () => {
    await start()
    const consumer = cluster.consumer()
    const run = consumer.run(() => undefined)
    expect(() => consumer[Symbol.asyncIterator]()).toThrow('already being read')
    await consumer.close()
    await run
    expect(await errorOf(consumer.run(() => undefined))).toMatchObject({ code: 'CLOSED' })
    expect(await errorOf(consumer.commit())).toMatchObject({ code: 'CLOSED' })
    await consumer.close()
  })

  it('ends with the signal', async () => {
    await start()
    const controller = new AbortController()
    const run = cluster.consumer().run(() => undefined, { signal: controller.signal })
    controller.abort()
    await run
  })

  it('needs no broker to be constructed and closed', async () => {
    await start()
    const consumer = new Kafka({ brokers: ['127.0.0.1:1'] }).shareConsumer({ groupId: 'a', topics: ['b'] })
    await consumer.close()
  })
})
