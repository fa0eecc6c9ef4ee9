// Guards against consumers that read on behind a truncation they were not told of (KIP-320).
import { ErrorCode, type ErrorCodeName } from '../../../../src/base/error-codes'
import { offsetForLeaderEpochApi } from '../../../../src/wire/generated/client/offset-for-leader-epoch'
import { type AskOptions, LogApiClient } from '../support/log-api-client'
import { batchOf } from '../support/replication-cluster'

interface Asked extends AskOptions {
  readonly index?: number
  readonly currentLeaderEpoch?: number
}

async function endOf(client: LogApiClient, leaderEpoch: number, options: Asked = {}) {
  const { index = 0, currentLeaderEpoch = -1, version = 4 } = options
  const request = {
    ...(version >= 3 ? { replicaId: -1 } : {}),
    topics: [{ topic: 't', partitions: [{ partition: index, currentLeaderEpoch, leaderEpoch }] }],
  }
  const response = await client.ask(offsetForLeaderEpochApi, request, { brokerId: 2, ...options, version })
  return response.topics[0]?.partitions[0]
}

function filled() {
  const client = new LogApiClient()
  const [partition] = client.cluster.createTopic('t')
  if (partition === undefined) throw new TypeError('The topic has no partition')
  const first = partition.leaderEpoch
  partition.append(batchOf(['a', 'b']), { origin: 'client' })
  partition.moveLeader(2)
  partition.append(batchOf(['c']), { origin: 'client' })
  return { client, partition, first, second: partition.leaderEpoch }
}

function code(name: ErrorCodeName) {
  return { errorCode: ErrorCode[name], leaderEpoch: -1, endOffset: -1n }
}

describe('OffsetForLeaderEpoch', () => {
  it.each([2, 3, 4])('tells where an epoch ends (version %d)', async (version) => {
    const { client, first, second } = filled()
    expect(await endOf(client, first, { version })).toMatchObject({
      errorCode: 0,
      leaderEpoch: first,
      endOffset: 2n,
    })
    expect(await endOf(client, second, { version })).toMatchObject({
      errorCode: 0,
      leaderEpoch: second,
      endOffset: 3n,
    })
  })

  it('answers -1 for an epoch it has not heard of', async () => {
    const { client, second } = filled()
    expect(await endOf(client, second + 1)).toMatchObject(code('NONE'))
  })

  it('compares the epoch that the client believes in, and refuses followers', async () => {
    const { client, first, second } = filled()
    expect(await endOf(client, first, { currentLeaderEpoch: first })).toMatchObject(
      code('FENCED_LEADER_EPOCH'),
    )
    expect(await endOf(client, first, { currentLeaderEpoch: second + 1 })).toMatchObject(
      code('UNKNOWN_LEADER_EPOCH'),
    )
    expect(await endOf(client, first, { currentLeaderEpoch: second })).toMatchObject({
      errorCode: 0,
      endOffset: 2n,
    })
    expect(await endOf(client, first, { brokerId: 1 })).toMatchObject(code('NOT_LEADER_OR_FOLLOWER'))
  })

  it('knows no other partitions, and asks for Describe', async () => {
    const { client, first } = filled()
    expect(await endOf(client, first, { index: 3 })).toMatchObject(code('UNKNOWN_TOPIC_OR_PARTITION'))
    client.cluster.denied.add('Describe Topic t')
    expect(await endOf(client, first)).toMatchObject(code('TOPIC_AUTHORIZATION_FAILED'))
  })
})
