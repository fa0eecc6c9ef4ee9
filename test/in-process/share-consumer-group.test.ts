// Guards members of share groups against reading nothing, or what they should not, when topics, partitions, coordinators
// and members come and go, and against clusters that have no share groups.
import { UnsupportedVersionError, type ShareConsumer, type ShareMessage } from '../../src'
import { errorOf, until } from './support/case-runner'
import { ShareCluster, values } from './support/share-cluster'
import { deliveryOf, SharedTopic } from './support/share-simulation'

/** Reads so many messages, then stops. */
async function read(
  consumer: ShareConsumer<readonly string[]>,
  count: number,
  onMessage: (message: ShareMessage) => unknown = () => undefined,
): Promise<string[]> {
  const seen: string[] = []
  await consumer.run(async (message) => {
    seen.push(deliveryOf(message))
    if (seen.length === count) void consumer.stop()
    await onMessage(message)
  })
  return seen
}

describe('a member of a share group', () => {
  it('K6: whose assignment was lost on its way asks for it again', () =>
    SharedTopic.run(async (shared) => {
      await shared.produce(['v0'])
      let lost = 0
      shared.sim.cluster.on('ShareGroupHeartbeat', async (_request, exchange) => {
        const answer = await exchange.proceed()
        if ((answer?.assignment?.topicPartitions.length ?? 0) === 0 || lost++ > 1) return undefined
        exchange.drop()
        return undefined
      })
      const consumer = shared.consumer()
      expect(await read(consumer, 1)).toEqual(['v0×1'])
      expect(lost).toBeGreaterThan(1)
      await consumer.close()
    }))

  it('waits for a topic that does not exist yet, and reads it once it does', () =>
    SharedTopic.run(async (shared) => {
      const consumer = shared.kafka.shareConsumer({ groupId: 'workers', topics: ['later'] })
      const seen: string[] = []
      const run = consumer.run((message) => {
        seen.push(deliveryOf(message))
        void consumer.stop()
      })
      await shared.sim.sleep(20_000)
      shared.sim.cluster.createTopic('later', { partitions: 1 })
      await using producer = shared.kafka.producer()
      await producer.send('later', { value: 'v0' })
      await run
      await consumer.close()
      expect(seen).toEqual(['v0×1'])
    }))

  it('reads partitions that are added to its topic', () =>
    SharedTopic.run(async (shared) => {
      const consumer = shared.consumer()
      const run = read(consumer, 3)
      await shared.produce(['v0'])
      await shared.sim.sleep(10_000)
      await using admin = shared.kafka.admin()
      await admin.createPartitions([{ topic: 'orders', totalCount: 3 }])
      await shared.sim.sleep(1_000)
      await shared.produce(['v1'], 1)
      await shared.produce(['v2'], 2)
      expect((await run).sort()).toEqual(['v0×1', 'v1×1', 'v2×1'])
      expect(consumer.assignment().sort((a, b) => a.partition - b.partition)).toEqual(
        [0, 1, 2].map((partition) => ({ topic: 'orders', partition })),
      )
      await consumer.close()
    }))

  it('reads a topic that was deleted and created anew', () =>
    SharedTopic.run(async (shared) => {
      const consumer = shared.consumer()
      const run = read(consumer, 2)
      await shared.produce(['old'])
      await shared.sim.sleep(10_000)
      shared.sim.cluster.deleteTopic('orders')
      await shared.sim.sleep(10_000)
      shared.sim.cluster.createTopic('orders', { partitions: 1 })
      await shared.sim.sleep(1_000)
      await shared.produce(['new'])
      expect(await run).toEqual(['old×1', 'new×1'])
      await consumer.close()
    }))

  it('G11: that was thrown out joins again under its id, and reads on', () =>
    SharedTopic.run(async (shared) => {
      const { cluster } = shared.sim
      const consumer = shared.consumer()
      const run = read(consumer, 2)
      await shared.produce(['v0'])
      await shared.sim.sleep(10_000)
      const forget = cluster.on('ShareGroupHeartbeat', (_request, exchange) => exchange.drop())
      await shared.sim.sleep(60_000)
      forget()
      expect(cluster.group('workers')?.members).toHaveLength(0)
      await shared.produce(['v1'])
      expect(await run).toEqual(['v0×1', 'v1×1'])
      // What its share session has is read on meanwhile: the session does not end with the membership.
      await shared.until(() => cluster.group('workers')?.members.length === 1)
      expect(cluster.group('workers')?.members.map(({ memberId }) => memberId)).toEqual([consumer.memberId])
      await consumer.close()
      expect(cluster.group('workers')?.members).toHaveLength(0)
    }))

  it('G14: follows its coordinator to another broker', () =>
    SharedTopic.run(
      async (shared) => {
        const { cluster } = shared.sim
        const consumer = shared.consumer()
        const run = read(consumer, 2)
        await shared.produce(['v0'])
        await shared.sim.sleep(10_000)
        const before = cluster.requests.filter({ api: 'ShareGroupHeartbeat' }).at(-1)?.brokerId as number
        await cluster.stopBroker(before)
        await shared.sim.sleep(30_000)
        const after = cluster.requests.filter({ api: 'ShareGroupHeartbeat' }).at(-1)
        expect(after?.brokerId).not.toBe(before)
        expect(after?.errorCode).toBeUndefined()
        await cluster.startBroker(before)
        await shared.produce(['v1'])
        expect((await run).at(-1)).toBe('v1×1')
        await consumer.close()
      },
      { brokers: 3 },
    ))

  it('G2 L16: leaves while a handler hangs past maxPollIntervalMs, and joins again when it comes back', () =>
    SharedTopic.run(
      async (shared) => {
        const { cluster } = shared.sim
        const hanging = shared.consumer({ maxPollIntervalMs: 20_000 })
        const seen: string[] = []
        await shared.produce(['hang'])
        const run = hanging.run(async (message) => {
          seen.push(deliveryOf(message))
          if (String(message.value) === 'hang' && message.deliveryCount === 1) await shared.sim.sleep(40_000)
          if (String(message.value) === 'last') void hanging.stop()
        })
        await shared.until(() => seen.length === 1)
        await shared.sim.sleep(30_000)
        expect(cluster.group('workers')?.members).toHaveLength(0)
        await shared.sim.sleep(20_000)
        expect(cluster.group('workers')?.members).toHaveLength(1)
        await shared.produce(['last'])
        await run
        expect(seen).toEqual(['hang×1', 'hang×2', 'last×1'])
        await hanging.close()
      },
      { lockMs: 15_000 },
    ))

  it('G2: that nobody reads for maxPollIntervalMs leaves, and joins again with the next run', () =>
    SharedTopic.run(async (shared) => {
      const members = () => shared.sim.cluster.group('workers')?.members.length
      const consumer = shared.consumer({ maxPollIntervalMs: 20_000 })
      await shared.produce(['v0'])
      expect(await read(consumer, 1)).toEqual(['v0×1'])
      await shared.sim.sleep(15_000)
      expect(members()).toBe(1)
      await shared.sim.sleep(10_000)
      expect(members()).toBe(0)
      await shared.produce(['v1'])
      expect(await read(consumer, 1)).toEqual(['v1×1'])
      expect(members()).toBe(1)
      await consumer.close()
    }))

  it('that dies without a farewell leaves its messages to others when its connections end', () =>
    SharedTopic.run(async (shared) => {
      await shared.produce(['v0', 'v1', 'v2'])
      const dying = shared.consumer({ maxPollRecords: 3 })
      const first: string[] = []
      void dying
        .run(async (message) => {
          first.push(deliveryOf(message))
          if (first.length === 2) await shared.sim.sleep(3_000_000)
        })
        .catch(() => undefined)
      await shared.until(() => first.length === 2)
      await shared.sim.sleep(1_000)
      const { cluster } = shared.sim
      const isDying = (request: { readonly memberId?: string | null }) => request.memberId === dying.memberId
      cluster.on('ShareGroupHeartbeat', (request, exchange) =>
        isDying(request) ? exchange.drop() : undefined,
      )
      cluster.on('ShareFetch', (request, exchange) => (isDying(request) ? exchange.drop() : undefined))
      cluster.cutConnections()
      const other = shared.consumer()
      expect(await read(other, 2)).toEqual(['v1×2', 'v2×2'])
      await other.close()
      await dying.close({ timeoutMs: 100 })
    }))
})

describe('a cluster', () => {
  it.each([
    ['of Kafka 3.7', { version: '3.7' }],
    ['without the feature', { version: '4.3' }],
  ])('%s is said to have no share groups, and how to get them', async (which, options) => {
    await using cluster = await starting(options)
    if (which === 'without the feature') cluster.shared.broker.setFeature('share.version', 0)
    const consumer = cluster.shared.consumer({}, cluster.shared.connect())
    const failure = await errorOf(consumer.connect())
    expect(failure).toBeInstanceOf(UnsupportedVersionError)
    expect(String(failure)).toContain('--feature share.version=1')
    expect(await errorOf(consumer.run(() => undefined))).toBe(failure)
    await consumer.close()
  })

  it('that is older than record limits is said to be', async () => {
    await using cluster = await starting()
    cluster.shared.broker.limitVersions('ShareFetch', { max: 1 })
    await cluster.shared.produce(values(1))
    const consumer = cluster.shared.consumer({ acquireMode: 'record_limit' }, cluster.shared.connect())
    const failure = await errorOf(consumer.run(() => undefined))
    expect(failure).toBeInstanceOf(UnsupportedVersionError)
    expect(String(failure)).toContain("acquireMode 'record_limit' (KIP-1206): it needs Kafka 4.2")
  })

  it('whose group of that id is of another kind is said to have it', async () => {
    await using cluster = await starting()
    const { shared } = cluster
    await using other = shared.kafka.consumer({ groupId: 'workers', topics: ['orders'] })
    await other.connect()
    const running = other.run(() => undefined)
    await until(() => shared.broker.group('workers')?.members.length === 1, 'the other consumer is a member')
    const consumer = shared.consumer()
    const failure = await errorOf(consumer.connect())
    expect(failure).toMatchObject({ code: 'GROUP_ID_NOT_FOUND' })
    expect(String(failure)).toContain('is no share group: choose another id')
    await other.close()
    await running
  })

  it('that has large compressed batches has them read whole and in order', async () => {
    await using cluster = await starting()
    await using producer = cluster.shared.kafka.producer({ compression: 'gzip', batchSizeBytes: 1_000_000 })
    const padding = 'abcdefghij'.repeat(300)
    await producer.send(
      'orders',
      Array.from({ length: 200 }, (_, index) => ({ value: `${index} ${padding}`, partition: 0 })),
    )
    const consumer = cluster.shared.consumer()
    const seen: number[] = []
    await consumer.run((message) => {
      seen.push(Number(String(message.value).split(' ')[0]))
      if (seen.length === 200) void consumer.stop()
    })
    expect(seen).toEqual(Array.from({ length: 200 }, (_, index) => index))
  })

  it('makes connect resolve once the member was taken in', async () => {
    await using cluster = await starting()
    const consumer = cluster.shared.consumer()
    await consumer.connect()
    expect(cluster.shared.broker.group('workers')?.members).toHaveLength(1)
  })
})

async function starting(options: Parameters<typeof ShareCluster.start>[0] = {}) {
  const shared = await ShareCluster.start(options)
  return { shared, [Symbol.asyncDispose]: () => shared.close() }
}
