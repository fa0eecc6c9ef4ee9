// Guards against creations that hide a failure, repeat what was done, or end before every broker knows what is new.
import { Admin } from '../../../src/admin/admin'
import { AdminError } from '../../../src/admin/admin-error'
import { ErrorCode } from '../../../src/base/error-codes'
import { BrokerError, InvalidArgumentError, InvalidOptionError } from '../../../src/base/errors'
import { createPartitionsApi } from '../../../src/wire/generated/client/create-partitions'
import { createTopicsApi } from '../../../src/wire/generated/client/create-topics'
import { metadataApi } from '../../../src/wire/generated/client/metadata'
import { createdTopic, metadataAnswer, type Leaders } from './answers'
import { FakeCluster } from './fake-cluster'

function setUp() {
  const cluster = new FakeCluster()
  return { cluster, admin: new Admin(cluster) }
}

/** Leaders as brokers see them before they hear of the change, while there is no leader yet, and after. */
interface Views {
  readonly before: Leaders
  readonly between: Leaders
  readonly after: Leaders
}

/** The second broker hears of the change a look late, the third of the leaders two. Gives how often each was asked. */
function learnLate(cluster: FakeCluster, { before, between, after }: Views): ReadonlyMap<number, number> {
  const looks = new Map<number, number>()
  cluster.on(metadataApi, ({ nodeId }) => {
    const look = (looks.get(nodeId) ?? 0) + 1
    looks.set(nodeId, look)
    if (nodeId === 2 && look === 1) return metadataAnswer(before)
    if (nodeId === 3 && look < 3) return metadataAnswer(between)
    return metadataAnswer(after)
  })
  return looks
}

describe('createTopics', () => {
  const fast = { waitUntilReady: false } as const

  it('sends what was asked for to the controller and tells what was created', async () => {
    const { cluster, admin } = setUp()
    cluster.controllerId = 2
    let seen: unknown
    cluster.on(createTopicsApi, ({ request }) => {
      seen = request
      return { throttleTimeMs: 0, topics: [createdTopic('orders')] }
    })
    const created = await admin.createTopics(
      [{ name: 'orders', partitions: 3, replicationFactor: 1, configs: { 'retention.ms': 5000 } }],
      fast,
    )
    expect(created).toEqual([
      {
        name: 'orders',
        topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
        partitions: 3,
        replicationFactor: 1,
        configs: {},
      },
    ])
    expect(seen).toMatchObject({
      topics: [
        {
          name: 'orders',
          numPartitions: 3,
          replicationFactor: 1,
          configs: [{ name: 'retention.ms', value: '5000' }],
        },
      ],
      timeoutMs: 30_000,
      validateOnly: false,
    })
    expect(cluster.sent).toEqual(['CreateTopics@2'])
  })

  it('leaves counts that are not given to the broker, and sends assignments instead of counts', async () => {
    const { cluster, admin } = setUp()
    let seen: unknown
    cluster.on(createTopicsApi, ({ request }) => {
      seen = request.topics
      return { throttleTimeMs: 0, topics: [createdTopic('a'), createdTopic('b')] }
    })
    await admin.createTopics([{ name: 'a' }, { name: 'b', assignments: [[1, 2], [3]] }], fast)
    expect(seen).toMatchObject([
      { numPartitions: -1, replicationFactor: -1, assignments: [] },
      {
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [
          { partitionIndex: 0, brokerIds: [1, 2] },
          { partitionIndex: 1, brokerIds: [3] },
        ],
      },
    ])
  })

  it('rejects when an item failed, with how each ended', async () => {
    const { cluster, admin } = setUp()
    cluster.on(createTopicsApi, () => ({
      throttleTimeMs: 0,
      topics: [createdTopic('good'), createdTopic('old', ErrorCode.TOPIC_ALREADY_EXISTS, 'It is there')],
    }))
    const error = await admin.createTopics([{ name: 'old' }, { name: 'good' }], fast).catch((e: unknown) => e)
    if (!(error instanceof AdminError)) throw error
    expect(error.code).toBe('TOPIC_ALREADY_EXISTS')
    expect(error.retriable).toBe(false)
    expect(error.message).toContain("createTopics failed for 1 of 2: topic 'old'")
    expect(error.message).toContain('It is there')
    expect(error.results).toMatchObject([
      { name: 'old', error: { code: 'TOPIC_ALREADY_EXISTS', context: { topic: 'old' } } },
      { name: 'good', error: null, partitions: 3 },
    ])
  })

  it('resolves with one result per item when asked for partial results', async () => {
    const { cluster, admin } = setUp()
    cluster.on(createTopicsApi, () => ({
      throttleTimeMs: 0,
      topics: [createdTopic('good'), createdTopic('old', ErrorCode.TOPIC_ALREADY_EXISTS)],
    }))
    const results = await admin.createTopics([{ name: 'old' }, { name: 'good' }], { ...fast, partial: true })
    const [old, good] = results
    expect(old?.error).toBeInstanceOf(BrokerError)
    expect(good?.error === null && good.partitions).toBe(3)
  })

  it('finds the new controller and tries again when the broker is none', async () => {
    const { cluster, admin } = setUp()
    cluster.on(createTopicsApi, ({ nodeId, request }) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ name }) =>
        createdTopic(name, nodeId === 2 ? 0 : ErrorCode.NOT_CONTROLLER),
      ),
    }))
    const running = admin.createTopics([{ name: 'a' }, { name: 'b' }], fast)
    await cluster.clock.advance(1000)
    expect(await running).toHaveLength(2)
    expect(cluster.sent).toEqual(['CreateTopics@1', 'CreateTopics@2'])
  })

  it('N14: tries only the items again that a controller refused, and shows TOPIC_ALREADY_EXISTS with its cause', async () => {
    const { cluster, admin } = setUp()
    const asked: string[][] = []
    cluster.on(createTopicsApi, ({ request }) => {
      const names = request.topics.map(({ name }) => name)
      asked.push(names)
      const later = asked.length > 1
      return {
        throttleTimeMs: 0,
        topics: names.map((name) =>
          name === 'slow'
            ? createdTopic(name, later ? ErrorCode.TOPIC_ALREADY_EXISTS : ErrorCode.REQUEST_TIMED_OUT, 'Hm.')
            : createdTopic(name),
        ),
      }
    })
    const running = admin.createTopics([{ name: 'slow' }, { name: 'good' }], { ...fast, partial: true })
    await cluster.clock.advance(1000)
    const [slow, good] = await running
    expect(asked).toEqual([['slow', 'good'], ['slow']])
    expect(good?.error).toBeNull()
    expect(slow?.error?.code).toBe('TOPIC_ALREADY_EXISTS')
    expect(slow?.error?.message).toContain('Hm. An earlier attempt of this call was not answered')
  })

  it('does not ask twice for what was created when only some items met a broker that is no controller', async () => {
    const { cluster, admin } = setUp()
    const asked: string[][] = []
    cluster.on(createTopicsApi, ({ request }) => {
      asked.push(request.topics.map(({ name }) => name))
      const errorOf = (name: string) => (name === 'b' && asked.length < 3 ? ErrorCode.NOT_CONTROLLER : 0)
      return {
        throttleTimeMs: 0,
        topics: request.topics.map(({ name }) => createdTopic(name, errorOf(name))),
      }
    })
    const running = admin.createTopics([{ name: 'a' }, { name: 'b' }], fast)
    await cluster.clock.advance(2000)
    expect(await running).toHaveLength(2)
    expect(asked).toEqual([['a', 'b'], ['b'], ['b']])
    expect(cluster.sent).toEqual(['CreateTopics@1', 'CreateTopics@1', 'CreateTopics@2'])
  })

  it('leaves counts only to brokers that have defaults for them', async () => {
    const { cluster, admin } = setUp()
    cluster.maxVersions.set('CreateTopics', 3)
    cluster.on(createTopicsApi, () => ({ throttleTimeMs: 0, topics: [createdTopic('a')] }))
    await expect(admin.createTopics([{ name: 'a', partitions: 1 }], fast)).rejects.toMatchObject({
      code: 'UNSUPPORTED_VERSION',
    })
    expect(cluster.sent).toEqual([])
    await admin.createTopics([{ name: 'a', partitions: 1, replicationFactor: 1 }], fast)
    expect(cluster.sent).toEqual(['CreateTopics@1'])
  })

  it('waits for the mutation quota, or shows it when told not to', async () => {
    const { cluster, admin } = setUp()
    let attempts = 0
    cluster.on(createTopicsApi, () => ({
      throttleTimeMs: 0,
      topics: [createdTopic('a', attempts++ < 2 ? ErrorCode.THROTTLING_QUOTA_EXCEEDED : 0)],
    }))
    await expect(
      admin.createTopics([{ name: 'a' }], { ...fast, retryOnQuotaViolation: false }),
    ).rejects.toMatchObject({ code: 'THROTTLING_QUOTA_EXCEEDED', retriable: true })
    const running = admin.createTopics([{ name: 'a' }], fast)
    await cluster.clock.advance(1000)
    expect(await running).toHaveLength(1)
  })

  it('resolves only when every broker knows a leader of each partition', async () => {
    const { cluster, admin } = setUp()
    cluster.on(createTopicsApi, () => ({ throttleTimeMs: 0, topics: [createdTopic('a')] }))
    const looks = learnLate(cluster, {
      before: { a: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
      between: { a: [1, -1] },
      after: { a: [1, 2] },
    })
    const running = admin.createTopics([{ name: 'a' }])
    await cluster.clock.advance(1000)
    await running
    expect([...looks]).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ])
  })

  it('does not wait for topics that were only checked', async () => {
    const { cluster, admin } = setUp()
    cluster.on(createTopicsApi, ({ request }) => {
      expect(request.validateOnly).toBe(true)
      return { throttleTimeMs: 0, topics: [createdTopic('a')] }
    })
    await admin.createTopics([{ name: 'a' }], { validateOnly: true })
    expect(cluster.sent).toEqual(['CreateTopics@1'])
  })

  it('says what is wrong with its arguments before it sends anything', async () => {
    const { cluster, admin } = setUp()
    const wrong: [unknown, RegExp][] = [
      ['orders', /topics: Invalid input: expected array/],
      [[{ name: 'a b' }], /topics\[0\]\.name: Topic name "a b" may hold only/],
      [[{ name: 'a', partitions: 0 }], /topics\[0\]\.partitions: .*>=1/],
      [[{ name: 'a', numPartitions: 3 }], /topics\[0\] has no field 'numPartitions'/],
      [[{ name: 'a', partitions: 1, assignments: [[1]] }], /either partitions or assignments/],
      [[{ name: 'a' }, { name: 'a' }], /topics names topic 'a' more than once/],
      [[{ name: 'a', configs: { x: null } }], /topics\[0\]\.configs\.x: must be a string/],
    ]
    for (const [topics, message] of wrong) {
      const error = await admin.createTopics(topics as never).catch((e: unknown) => e)
      expect(error).toBeInstanceOf(InvalidArgumentError)
      expect((error as Error).message).toMatch(message)
    }
    await expect(admin.createTopics([], { timeoutms: 1 } as never)).rejects.toThrow(
      "unknown option 'timeoutms', did you mean 'timeoutMs'?",
    )
    await expect(admin.createTopics([], { timeoutMs: -1 })).rejects.toBeInstanceOf(InvalidOptionError)
    expect(cluster.sent).toEqual([])
  })
})

describe('createPartitions', () => {
  it('tells per topic whether it got its partitions', async () => {
    const { cluster, admin } = setUp()
    let seen: unknown
    cluster.on(createPartitionsApi, ({ request }) => {
      seen = request.topics
      return {
        throttleTimeMs: 0,
        results: [
          { name: 'small', errorCode: 0, errorMessage: null },
          { name: 'big', errorCode: ErrorCode.INVALID_PARTITIONS, errorMessage: 'It has 9' },
        ],
      }
    })
    const results = await admin.createPartitions(
      [
        { topic: 'big', totalCount: 2 },
        { topic: 'small', totalCount: 4, assignments: [[1]] },
      ],
      { partial: true, waitUntilReady: false },
    )
    expect(seen).toEqual([
      { name: 'big', count: 2, assignments: null },
      { name: 'small', count: 4, assignments: [{ brokerIds: [1] }] },
    ])
    expect(results).toMatchObject([
      { topic: 'big', error: { code: 'INVALID_PARTITIONS', brokerMessage: 'It has 9' } },
      { topic: 'small', error: null },
    ])
  })

  it('resolves only when every broker knows the new partitions and their leaders', async () => {
    const { cluster, admin } = setUp()
    cluster.on(createPartitionsApi, () => ({
      throttleTimeMs: 0,
      results: [{ name: 'orders', errorCode: 0, errorMessage: null }],
    }))
    const looks = learnLate(cluster, {
      before: { orders: [1] },
      between: { orders: [1, -1] },
      after: { orders: [1, 2] },
    })
    const running = admin.createPartitions([{ topic: 'orders', totalCount: 2 }])
    await cluster.clock.advance(1000)
    await running
    expect([...looks]).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ])
  })

  it('does not wait for partitions that were only checked', async () => {
    const { cluster, admin } = setUp()
    cluster.on(createPartitionsApi, () => ({
      throttleTimeMs: 0,
      results: [{ name: 'orders', errorCode: 0, errorMessage: null }],
    }))
    await admin.createPartitions([{ topic: 'orders', totalCount: 2 }], { validateOnly: true })
    expect(cluster.sent).toEqual(['CreatePartitions@1'])
  })
})
