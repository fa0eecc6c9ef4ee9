// Guards against consumers that start or reset at the wrong place: ends, offsets by time, and who may say them.
import { ErrorCode, type ErrorCodeName } from '../../../../src/base/error-codes'
import { listOffsetsApi } from '../../../../src/wire/generated/client/list-offsets'
import { encodeRecordBatch } from '../../../../src/wire/records/encode-record-batch'
import { type AskOptions, LogApiClient } from '../support/log-api-client'
import { batchOf } from '../support/replication-cluster'

const latest = -1n
const earliest = -2n
const highestTimestamp = -3n

interface Asked extends AskOptions {
  readonly index?: number
  readonly isolationLevel?: number
  readonly currentLeaderEpoch?: number
  readonly replicaId?: number
}

async function offsetAt(client: LogApiClient, timestamp: bigint, options: Asked = {}) {
  const { index = 0, isolationLevel = 0, currentLeaderEpoch, replicaId = -1 } = options
  const asked = {
    partitionIndex: index,
    timestamp,
    ...(currentLeaderEpoch === undefined ? {} : { currentLeaderEpoch }),
  }
  const level = (options.version ?? 11) >= 2 ? { isolationLevel } : {}
  const request = { replicaId, ...level, topics: [{ name: 't', partitions: [asked] }] }
  const response = await client.ask(listOffsetsApi, request, options)
  const [partition] = response.topics[0]?.partitions ?? []
  if (partition === undefined) throw new TypeError('No partition was answered')
  return partition
}

function timed(...timestamps: number[]): Buffer {
  return encodeRecordBatch({ records: timestamps.map((timestamp) => ({ timestamp, key: null, value: 'x' })) })
}

function filled(brokerCount = 3) {
  const client = new LogApiClient(brokerCount)
  const [partition] = client.cluster.createTopic('t')
  if (partition === undefined) throw new TypeError('The topic has no partition')
  const append = (records: Buffer) => partition.append(records, { origin: 'client' })
  append(timed(100, 300))
  append(timed(200, 400))
  append(timed(350))
  return { client, partition, append }
}

function code(name: ErrorCodeName) {
  return { errorCode: ErrorCode[name], offset: -1n, timestamp: -1n }
}

describe('ListOffsets', () => {
  it.each([1, 2, 4, 5, 6, 7, 11])(
    'tells both ends, the epoch from version 4 on (version %d)',
    async (version) => {
      const { client, partition } = filled()
      partition.deleteRecordsBefore(1n)
      const leaderEpoch = version >= 4 ? partition.leaderEpoch : -1
      expect(await offsetAt(client, latest, { version })).toMatchObject({
        errorCode: 0,
        offset: 5n,
        timestamp: -1n,
        leaderEpoch,
      })
      expect(await offsetAt(client, earliest, { version })).toMatchObject({
        errorCode: 0,
        offset: 1n,
        timestamp: -1n,
        leaderEpoch,
      })
    },
  )

  it('finds the first record that is as late, with its timestamp; none gives -1', async () => {
    const { client } = filled()
    expect(await offsetAt(client, 150n)).toMatchObject({ errorCode: 0, offset: 1n, timestamp: 300n })
    expect(await offsetAt(client, 0n)).toMatchObject({ offset: 0n, timestamp: 100n })
    expect(await offsetAt(client, 401n)).toMatchObject({
      errorCode: 0,
      offset: -1n,
      timestamp: -1n,
      leaderEpoch: -1,
    })
  })

  it('finds the highest timestamp from version 7 on', async () => {
    const { client } = filled()
    expect(await offsetAt(client, highestTimestamp, { version: 7 })).toMatchObject({
      offset: 3n,
      timestamp: 400n,
    })
    expect(await offsetAt(client, highestTimestamp, { version: 6 })).toMatchObject(
      code('UNSUPPORTED_VERSION'),
    )
    client.cluster.createTopic('u')
    const request = {
      replicaId: -1,
      topics: [{ name: 'u', partitions: [{ partitionIndex: 0, timestamp: -3n }] }],
    }
    const response = await client.ask(listOffsetsApi, request)
    expect(response.topics[0]?.partitions[0]).toMatchObject({ errorCode: 0, offset: -1n, timestamp: -1n })
  })

  it.each([
    [-4n, 8, 0n],
    [-5n, 9, -1n],
    [-6n, 11, -1n],
  ])(
    'answers what tiered storage asks (%s) from its version on, without any',
    async (timestamp, version, offset) => {
      const { client } = filled()
      expect(await offsetAt(client, timestamp, { version })).toMatchObject({ errorCode: 0, offset })
      expect(await offsetAt(client, timestamp, { version: version - 1 })).toMatchObject(
        code('UNSUPPORTED_VERSION'),
      )
      expect(await offsetAt(client, -7n)).toMatchObject(code('UNSUPPORTED_VERSION'))
    },
  )

  it('shows readers of what is committed the last stable offset, and nothing by time behind it', async () => {
    const { client, append } = filled()
    append(batchOf(['x'], { producerId: 7n, producerEpoch: 0, baseSequence: 0, isTransactional: true }))
    expect(await offsetAt(client, latest, { isolationLevel: 1 })).toMatchObject({ offset: 5n })
    expect(await offsetAt(client, latest)).toMatchObject({ offset: 6n })
    expect(await offsetAt(client, 1000n, { isolationLevel: 1 })).toMatchObject({ errorCode: 0, offset: -1n })
    expect(await offsetAt(client, 1000n)).toMatchObject({ offset: 5n })
  })

  it('shows consumers nothing beyond the high watermark', async () => {
    const { client, partition, append } = filled(2)
    partition.holdReplication(2)
    append(timed(500))
    expect(await offsetAt(client, latest)).toMatchObject({ offset: 5n })
    expect(await offsetAt(client, 500n)).toMatchObject({ errorCode: 0, offset: -1n })
    expect(await offsetAt(client, latest, { replicaId: -2 })).toMatchObject({ offset: 6n })
  })

  it('compares leader epochs, and refuses followers', async () => {
    const { client, partition } = filled()
    partition.moveLeader(2)
    const { leaderEpoch } = partition
    const ask = (options: Asked) => offsetAt(client, latest, { brokerId: 2, ...options })
    expect(await ask({ currentLeaderEpoch: leaderEpoch })).toMatchObject({
      errorCode: 0,
      offset: 5n,
      leaderEpoch,
    })
    expect(await ask({ currentLeaderEpoch: leaderEpoch - 1 })).toMatchObject(code('FENCED_LEADER_EPOCH'))
    expect(await ask({ currentLeaderEpoch: leaderEpoch + 1 })).toMatchObject(code('UNKNOWN_LEADER_EPOCH'))
    expect(await ask({ brokerId: 1 })).toMatchObject(code('NOT_LEADER_OR_FOLLOWER'))
    expect(await ask({ brokerId: 1, replicaId: -2 })).toMatchObject({ errorCode: 0 })
  })

  it('does not say an end that a new leader’s high watermark has not reached (KIP-207)', async () => {
    const { client, partition, append } = filled(3)
    partition.holdReplication(3)
    append(timed(500))
    partition.moveLeader(2)
    expect(partition.highWatermark).toBe(5n)
    const ask = (version: number) => offsetAt(client, latest, { brokerId: 2, version })
    expect(await ask(5)).toMatchObject(code('OFFSET_NOT_AVAILABLE'))
    expect(await ask(4)).toMatchObject(code('LEADER_NOT_AVAILABLE'))
    expect(await offsetAt(client, 500n, { brokerId: 2 })).toMatchObject(code('OFFSET_NOT_AVAILABLE'))
    expect(await offsetAt(client, 400n, { brokerId: 2 })).toMatchObject({ errorCode: 0, offset: 3n })
    expect(await offsetAt(client, earliest, { brokerId: 2 })).toMatchObject({ errorCode: 0, offset: 0n })
    partition.releaseReplication(3)
    expect(await ask(5)).toMatchObject({ errorCode: 0, offset: 6n })
  })

  it('knows no other topics and partitions, and asks for Describe', async () => {
    const { client } = filled()
    expect(await offsetAt(client, latest, { index: 5 })).toMatchObject(code('UNKNOWN_TOPIC_OR_PARTITION'))
    client.cluster.denied.add('Describe Topic t')
    expect(await offsetAt(client, latest)).toMatchObject(code('TOPIC_AUTHORIZATION_FAILED'))
  })

  it('answers no partition that is asked for twice', async () => {
    const { client } = filled()
    const partitions = [latest, earliest].map((timestamp) => ({ partitionIndex: 0, timestamp }))
    const response = await client.ask(listOffsetsApi, { replicaId: -1, topics: [{ name: 't', partitions }] })
    expect(response.topics[0]?.partitions.map((it) => it.errorCode)).toEqual([
      ErrorCode.INVALID_REQUEST,
      ErrorCode.INVALID_REQUEST,
    ])
  })
})
