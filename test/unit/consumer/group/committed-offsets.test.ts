// Guards against the costliest mistake of a consumer: taking an error for "nothing was committed", and so skipping
// messages or reading all of them again (C3, C4).
import { Deadline } from '../../../../src/base/deadline'
import { ErrorCode } from '../../../../src/base/error-codes'
import { ConnectionError } from '../../../../src/base/errors'
import { fetchCommittedOffsets } from '../../../../src/consumer/group/committed-offsets'
import { GroupRequests } from '../../../../src/group/group-requests'
import type { OffsetFetchRequest } from '../../../../src/wire/generated/client/offset-fetch'
import { FakeGroupCluster } from './fake-group-cluster'

const partitions = [0, 1].map((partition) => ({ topic: 'orders', partition }))

/** The answer of version 8 and later. */
const answer = (groupError: number, codes: readonly number[], offset = 5n) => ({
  throttleTimeMs: 0,
  errorCode: 0,
  topics: [],
  groups: [
    {
      groupId: 'shop',
      errorCode: groupError,
      topics: [
        {
          name: 'orders',
          topicId: '',
          partitions: codes.map((errorCode, partitionIndex) => ({
            partitionIndex,
            committedOffset: errorCode === 0 ? offset : -1n,
            committedLeaderEpoch: 3,
            metadata: null,
            errorCode,
          })),
        },
      ],
    },
  ],
})

function setUp() {
  const cluster = new FakeGroupCluster()
  const requests = new GroupRequests(cluster, 'shop', 'group:shop')
  const fetch = (ms = 5_000, signal?: AbortSignal) =>
    fetchCommittedOffsets(requests, partitions, new Deadline(cluster.clock, 'test', ms, signal))
  return { cluster, fetch }
}

const found = partitions.map((partition) => ({
  ...partition,
  committed: { offset: 5n, leaderEpoch: 3, metadata: '' },
}))

it('C4: asks for stable offsets', async () => {
  const { cluster, fetch } = setUp()
  cluster.once('OffsetFetch', () => answer(0, [0, 0]))
  expect(await fetch()).toEqual(found)
  expect(cluster.requests('OffsetFetch')).toEqual([expect.objectContaining({ requireStable: true })])
})

it('C3: says null only where the broker says -1 without an error', async () => {
  const { cluster, fetch } = setUp()
  cluster.once('OffsetFetch', () => answer(0, [0, 0], -1n))
  expect((await fetch()).map(({ committed }) => committed)).toEqual([null, null])
})

it.each([
  'UNSTABLE_OFFSET_COMMIT',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'NOT_COORDINATOR',
  'COORDINATOR_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
] as const)('C3 C4: tries again after %s, for one partition or the group', async (code) => {
  const { cluster, fetch } = setUp()
  cluster.once('OffsetFetch', () => answer(ErrorCode[code], []))
  cluster.once('OffsetFetch', () => answer(0, [0, ErrorCode[code]]))
  cluster.once('OffsetFetch', (request: OffsetFetchRequest) => {
    expect(request.groups?.[0]?.topics?.[0]?.partitionIndexes).toEqual([1])
    const { groups, ...rest } = answer(0, [0, 0])
    groups[0]?.topics[0]?.partitions.shift()
    return { ...rest, groups }
  })
  const fetching = fetch()
  await cluster.clock.advance(1_000)
  expect(await fetching).toEqual(found)
  expect(cluster.requests('OffsetFetch')).toHaveLength(3)
})

it.each(['GROUP_AUTHORIZATION_FAILED', 'TOPIC_AUTHORIZATION_FAILED', 'UNKNOWN_SERVER_ERROR'] as const)(
  'C3: throws %s at once',
  async (code) => {
    for (const response of [answer(ErrorCode[code], []), answer(0, [0, ErrorCode[code]])]) {
      const { cluster, fetch } = setUp()
      cluster.once('OffsetFetch', () => response)
      await expect(fetch()).rejects.toMatchObject({ code })
    }
  },
)

it('C3: rejects at the deadline when only errors came, and says which', async () => {
  const { cluster, fetch } = setUp()
  cluster.always('OffsetFetch', () => answer(0, [ErrorCode.UNSTABLE_OFFSET_COMMIT, 0]))
  const fetching = expect(fetch(2_000)).rejects.toMatchObject({
    code: 'OFFSET_FETCH_TIMEOUT',
    cause: { code: 'UNSTABLE_OFFSET_COMMIT' },
  })
  await cluster.clock.advance(3_000)
  await fetching
  expect(cluster.clock.pendingTimers).toBe(0)
})

it('tries again at the coordinator found anew after a broken connection', async () => {
  const { cluster, fetch } = setUp()
  cluster.once('OffsetFetch', () => {
    throw new ConnectionError('CONNECTION_CLOSED', 'gone')
  })
  cluster.once('OffsetFetch', () => answer(0, [0, 0]))
  const fetching = fetch()
  await cluster.clock.advance(200)
  expect(await fetching).toEqual(found)
  expect(cluster.coordinatorLookups).toBe(2)
})

it('ends at once when the signal fires', async () => {
  const { cluster, fetch } = setUp()
  cluster.always('OffsetFetch', () => answer(ErrorCode.UNSTABLE_OFFSET_COMMIT, []))
  const abort = new AbortController()
  const fetching = expect(fetch(60_000, abort.signal)).rejects.toMatchObject({ code: 'ABORTED' })
  await cluster.clock.advance(500)
  abort.abort()
  await fetching
})
