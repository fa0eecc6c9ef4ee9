// Guards against records that are deleted where they must not be, or stay on a replica that leads later.
import { ErrorCode, type ErrorCodeName } from '../../../../src/base/error-codes'
import { deleteRecordsApi } from '../../../../src/wire/generated/client/delete-records'
import { type AskOptions, LogApiClient } from '../support/log-api-client'
import { batchOf } from '../support/replication-cluster'

async function deleteBefore(
  client: LogApiClient,
  offset: bigint,
  options: AskOptions & { topic?: string } = {},
) {
  const { topic: name = 't' } = options
  const request = { timeoutMs: 1000, topics: [{ name, partitions: [{ partitionIndex: 0, offset }] }] }
  const response = await client.ask(deleteRecordsApi, request, options)
  return response.topics[0]?.partitions[0]
}

function filled(configs: Readonly<Record<string, string>> = {}) {
  const client = new LogApiClient()
  const [partition] = client.cluster.createTopic('t', { configs })
  if (partition === undefined) throw new TypeError('The topic has no partition')
  const append = () => partition.append(batchOf(['a', 'b', 'c']), { origin: 'client' })
  return { client, partition, append }
}

function code(name: ErrorCodeName) {
  return { errorCode: ErrorCode[name], lowWatermark: -1n }
}

describe('DeleteRecords', () => {
  it.each([0, 1, 2])('moves the start of the log on all replicas (version %d)', async (version) => {
    const { client, partition, append } = filled()
    append()
    expect(await deleteBefore(client, 2n, { version })).toMatchObject({ errorCode: 0, lowWatermark: 2n })
    expect([1, 2, 3].map((id) => partition.log(id)?.startOffset)).toEqual([2n, 2n, 2n])
    expect(await deleteBefore(client, 1n)).toMatchObject({ errorCode: 0, lowWatermark: 2n })
  })

  it('deletes all that is replicated with -1', async () => {
    const { client, partition, append } = filled()
    append()
    expect(await deleteBefore(client, -1n)).toMatchObject({ errorCode: 0, lowWatermark: 3n })
    expect(partition.logStartOffset).toBe(3n)
  })

  it('goes no further than the high watermark, and takes no other negative offsets', async () => {
    const { client, partition, append } = filled()
    append()
    expect(await deleteBefore(client, 4n)).toMatchObject(code('OFFSET_OUT_OF_RANGE'))
    expect(await deleteBefore(client, -2n)).toMatchObject(code('OFFSET_OUT_OF_RANGE'))
    expect(partition.logStartOffset).toBe(0n)
  })

  it('refuses a topic that is only compacted, not one that is both or neither', async () => {
    const only = filled({ 'cleanup.policy': 'compact' })
    expect(await deleteBefore(only.client, 0n)).toMatchObject(code('POLICY_VIOLATION'))
    const both = filled({ 'cleanup.policy': 'compact,delete' })
    expect(await deleteBefore(both.client, 0n)).toMatchObject({ errorCode: 0, lowWatermark: 0n })
    const neither = filled({ 'cleanup.policy': '' })
    expect(await deleteBefore(neither.client, 0n)).toMatchObject({ errorCode: 0, lowWatermark: 0n })
  })

  it('is for the leader, for topics there are that are not internal, and for those who may', async () => {
    const { client } = filled()
    expect(await deleteBefore(client, 0n, { brokerId: 2 })).toMatchObject(code('NOT_LEADER_OR_FOLLOWER'))
    expect(await deleteBefore(client, 0n, { topic: 'u' })).toMatchObject(code('UNKNOWN_TOPIC_OR_PARTITION'))
    client.cluster.topics.ensureInternal('__consumer_offsets')
    const internal = await deleteBefore(client, 0n, { topic: '__consumer_offsets' })
    expect(internal).toMatchObject(code('INVALID_TOPIC_EXCEPTION'))
    client.cluster.denied.add('Delete Topic t')
    expect(await deleteBefore(client, 0n)).toMatchObject(code('TOPIC_AUTHORIZATION_FAILED'))
  })
})
