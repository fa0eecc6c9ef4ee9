// Guards against offsets from the wrong broker, sentinels an old broker takes for a time, and lost partitions.
import { Admin } from '../../../src/admin/admin'
import { ErrorCode } from '../../../src/base/error-codes'
import { ConnectionError } from '../../../src/base/errors'
import { deleteRecordsApi } from '../../../src/wire/generated/client/delete-records'
import {
  listOffsetsApi,
  type ListOffsetsRequest,
  type ListOffsetsResponse,
} from '../../../src/wire/generated/client/list-offsets'
import { metadataApi } from '../../../src/wire/generated/client/metadata'
import { metadataAnswer, type Leaders } from './answers'
import { FakeCluster } from './fake-cluster'

interface OffsetAnswer {
  offset?: bigint
  timestamp?: bigint
  errorCode?: number
}

function answerOffsets(
  request: ListOffsetsRequest,
  answer: (topic: string, partition: number, timestamp: bigint) => OffsetAnswer,
): ListOffsetsResponse {
  return {
    throttleTimeMs: 0,
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, timestamp }) => {
        const {
          offset = -1n,
          timestamp: found = -1n,
          errorCode = 0,
        } = answer(name, partitionIndex, timestamp)
        return { partitionIndex, errorCode, timestamp: found, offset, leaderEpoch: 4 }
      }),
    })),
  }
}

function setUp(leaders: Leaders) {
  const cluster = new FakeCluster()
  const state = { leaders }
  cluster.on(metadataApi, () => metadataAnswer(state.leaders))
  return { cluster, admin: new Admin(cluster), state }
}

const listed = (cluster: FakeCluster) => cluster.sent.filter((each) => each.startsWith('ListOffsets')).sort()

describe('listOffsets', () => {
  it('asks the leader of each partition, in one request per leader', async () => {
    const { cluster, admin } = setUp({ a: [1, 2], b: [2] })
    cluster.on(listOffsetsApi, ({ request, nodeId }) =>
      answerOffsets(request, (_topic, partition) => ({ offset: BigInt(nodeId * 10 + partition) })),
    )
    const offsets = await admin.listOffsets([
      { topic: 'b', partition: 0, at: 'latest' },
      { topic: 'a', partition: 0, at: 'latest' },
      { topic: 'a', partition: 1, at: 'earliest' },
    ])
    expect(offsets).toEqual([
      { topic: 'b', partition: 0, at: 'latest', offset: 20n, timestamp: null, leaderEpoch: 4 },
      { topic: 'a', partition: 0, at: 'latest', offset: 10n, timestamp: null, leaderEpoch: 4 },
      { topic: 'a', partition: 1, at: 'earliest', offset: 21n, timestamp: null, leaderEpoch: 4 },
    ])
    expect(listed(cluster)).toEqual(['ListOffsets@1', 'ListOffsets@2'])
  })

  it('takes several offsets of one partition in one call, though a broker refuses that in one request', async () => {
    const { cluster, admin } = setUp({ a: [1] })
    cluster.on(listOffsetsApi, ({ request }) => {
      for (const { partitions } of request.topics) expect(partitions).toHaveLength(1)
      return answerOffsets(request, (_topic, _partition, timestamp) => ({ offset: 100n + timestamp }))
    })
    const offsets = await admin.listOffsets([
      { topic: 'a', partition: 0, at: 'earliest' },
      { topic: 'a', partition: 0, at: 'latest' },
      { topic: 'a', partition: 0, at: 'maxTimestamp' },
      { topic: 'a', partition: 0, at: { timestamp: 5 } },
      { topic: 'a', partition: 0, at: { timestamp: 6 } },
    ])
    expect(offsets.map(({ offset }) => offset)).toEqual([98n, 99n, 97n, 105n, 106n])
  })

  it('fails only the offsets that a broker is too old to know', async () => {
    const { cluster, admin } = setUp({ a: [1] })
    cluster.maxVersions.set('ListOffsets', 6)
    cluster.on(listOffsetsApi, ({ request }) => answerOffsets(request, () => ({ offset: 3n })))
    const results = await admin.listOffsets(
      [
        { topic: 'a', partition: 0, at: 'maxTimestamp' },
        { topic: 'a', partition: 0, at: 'latest' },
      ],
      { partial: true },
    )
    expect(results).toMatchObject([{ error: { code: 'UNSUPPORTED_VERSION' } }, { error: null, offset: 3n }])
  })

  it('gives null where no message is so late, and the timestamp of the one found', async () => {
    const { cluster, admin } = setUp({ a: [1, 1] })
    cluster.on(listOffsetsApi, ({ request }) =>
      answerOffsets(request, (_topic, partition) =>
        partition === 0 ? {} : { offset: 8n, timestamp: 1_700_000_000_123n },
      ),
    )
    const at = { timestamp: 1_700_000_000_000 }
    const offsets = await admin.listOffsets([
      { topic: 'a', partition: 0, at },
      { topic: 'a', partition: 1, at },
    ])
    expect(offsets).toMatchObject([
      { offset: null, timestamp: null },
      { offset: 8n, timestamp: 1_700_000_000_123 },
    ])
  })

  it('looks the leader up again when it moved, for its partitions only', async () => {
    const { cluster, admin, state } = setUp({ a: [1, 2] })
    cluster.on(listOffsetsApi, ({ request, nodeId }) => {
      if (nodeId === 1) state.leaders = { a: [3, 2] }
      const errorCode = nodeId === 1 ? ErrorCode.NOT_LEADER_OR_FOLLOWER : 0
      return answerOffsets(request, () => ({ errorCode, offset: 1n }))
    })
    const running = admin.listOffsets([
      { topic: 'a', partition: 0, at: 'latest' },
      { topic: 'a', partition: 1, at: 'latest' },
    ])
    await cluster.clock.advance(1000)
    expect(await running).toHaveLength(2)
    expect(listed(cluster)).toEqual(['ListOffsets@1', 'ListOffsets@2', 'ListOffsets@3'])
  })

  it('looks the leader up again when it does not answer', async () => {
    const { cluster, admin, state } = setUp({ a: [1] })
    cluster.on(listOffsetsApi, ({ request, nodeId }) => {
      state.leaders = { a: [2] }
      if (nodeId === 1) throw new ConnectionError('CONNECTION_LOST', 'Gone')
      return answerOffsets(request, () => ({ offset: 1n }))
    })
    const running = admin.listOffsets([{ topic: 'a', partition: 0, at: 'latest' }])
    await cluster.clock.advance(1000)
    expect(await running).toMatchObject([{ offset: 1n }])
  })

  it('shows a topic or partition that nobody knows after a few seconds, beside the good ones', async () => {
    const { cluster, admin } = setUp({ a: [1], gone: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION })
    cluster.on(listOffsetsApi, ({ request }) => answerOffsets(request, () => ({ offset: 1n })))
    const running = admin.listOffsets(
      [
        { topic: 'a', partition: 0, at: 'latest' },
        { topic: 'a', partition: 7, at: 'latest' },
        { topic: 'gone', partition: 0, at: 'latest' },
      ],
      { partial: true },
    )
    await cluster.clock.advance(5000)
    const results = await running
    expect(results.map(({ error }) => error?.code)).toEqual([
      undefined,
      'UNKNOWN_TOPIC_OR_PARTITION',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ])
    expect(results[1]?.error?.message).toContain('the topic has 1 partitions')
    expect(listed(cluster)).toEqual(['ListOffsets@1'])
    const lookups = cluster.sent.filter((each) => each.startsWith('Metadata')).length
    expect(lookups).toBeGreaterThan(2)
    expect(lookups).toBeLessThan(12)
  })

  it('learns the address of a leader the cluster has not seen', async () => {
    const { cluster, admin } = setUp({ a: [3] })
    cluster.nodeIds = [1, 2]
    cluster.on(listOffsetsApi, ({ request }) => answerOffsets(request, () => ({ offset: 1n })))
    await admin.listOffsets([{ topic: 'a', partition: 0, at: 'latest' }])
    expect(cluster.refreshes).toBe(1)
  })

  it('asks for committed offsets only when told to', async () => {
    const { cluster, admin } = setUp({ a: [1] })
    const levels: number[] = []
    cluster.on(listOffsetsApi, ({ request }) => {
      levels.push(request.isolationLevel ?? -1)
      return answerOffsets(request, () => ({ offset: 1n }))
    })
    const query = [{ topic: 'a', partition: 0, at: 'latest' }] as const
    await admin.listOffsets(query)
    await admin.listOffsets(query, { isolationLevel: 'read_committed' })
    expect(levels).toEqual([0, 1])
  })
})

describe('deleteRecords', () => {
  it('asks the leaders, and tells the first offset that is left', async () => {
    const { cluster, admin } = setUp({ a: [1, 2] })
    const asked: bigint[] = []
    cluster.on(deleteRecordsApi, ({ request, nodeId }) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, offset }) => {
          asked.push(offset)
          const errorCode = nodeId === 2 ? ErrorCode.OFFSET_OUT_OF_RANGE : 0
          return { partitionIndex, lowWatermark: errorCode === 0 ? 12n : -1n, errorCode }
        }),
      })),
    }))
    const results = await admin.deleteRecords(
      [
        { topic: 'a', partition: 0, beforeOffset: 'highWatermark' },
        { topic: 'a', partition: 1, beforeOffset: 99n },
      ],
      { partial: true },
    )
    expect(asked).toEqual([-1n, 99n])
    expect(results).toMatchObject([
      { topic: 'a', partition: 0, lowWatermark: 12n, error: null },
      { topic: 'a', partition: 1, error: { code: 'OFFSET_OUT_OF_RANGE' } },
    ])
  })

  it('refuses an offset that is no bigint before it deletes anything', async () => {
    const { cluster, admin } = setUp({ a: [1] })
    await expect(
      admin.deleteRecords([{ topic: 'a', partition: 0, beforeOffset: 5 as never }]),
    ).rejects.toThrow(
      "records[0].beforeOffset: must be an offset (a bigint, not negative) or 'highWatermark'",
    )
    expect(cluster.sent).toEqual([])
  })
})
