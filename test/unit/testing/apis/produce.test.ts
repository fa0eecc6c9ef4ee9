// Guards against producers that are answered otherwise than by Kafka: codes, words, who waits for whom, what closes.
import { ErrorCode, type ErrorCodeName } from '../../../../src/base/error-codes'
import { whenAcknowledged } from '../../../../src/testing/apis/produce-append'
import { fail } from '../../../../src/testing/contracts/kafka-failure'
import { produceApi } from '../../../../src/wire/generated/client/produce'
import { zeroUuid } from '../../../../src/wire/primitives/uuid'
import { encodeRecordBatch } from '../../../../src/wire/records/encode-record-batch'
import { type AskOptions, LogApiClient } from '../support/log-api-client'
import { batchOf } from '../support/replication-cluster'

interface Produced extends AskOptions {
  readonly topic?: string
  readonly topicId?: string
  readonly index?: number
  readonly acks?: number
  readonly timeoutMs?: number
  readonly transactionalId?: string
}

function requestOf(client: LogApiClient, records: Buffer | null, options: Produced) {
  const {
    topic = 't',
    index = 0,
    acks = -1,
    timeoutMs = 1000,
    transactionalId = null,
    version = 13,
  } = options
  const topicId = options.topicId ?? client.cluster.topics.byName(topic)?.id ?? zeroUuid
  const naming = version >= 13 ? { topicId } : { name: topic }
  return {
    transactionalId,
    acks,
    timeoutMs,
    topicData: [{ ...naming, partitionData: [{ index, records }] }],
  }
}

async function produce(client: LogApiClient, records: Buffer | null, options: Produced = {}) {
  const response = await client.ask(produceApi, requestOf(client, records, options), options)
  const partition = response.responses[0]?.partitionResponses[0]
  if (partition === undefined) throw new TypeError('No partition was answered')
  return { ...partition, nodeEndpoints: response.nodeEndpoints, throttleTimeMs: response.throttleTimeMs }
}

function refusedWith(code: ErrorCodeName) {
  return { errorCode: ErrorCode[code], baseOffset: -1n }
}

function transactional(baseSequence: number, producerId = 7n) {
  return batchOf(['x'], { producerId, producerEpoch: 0, baseSequence, isTransactional: true })
}

describe('Produce', () => {
  it.each([3, 4, 5, 7, 8, 9, 10, 12, 13])(
    'stores a batch and answers its offset (version %d)',
    async (version) => {
      const client = new LogApiClient()
      const [partition] = client.cluster.createTopic('t')
      await produce(client, batchOf(['a', 'b']), { version })
      const answer = await produce(client, batchOf(['c']), { version })
      expect(answer).toMatchObject({ index: 0, errorCode: 0, baseOffset: 2n, logAppendTimeMs: -1n })
      expect(answer.logStartOffset).toBe(version >= 5 ? 0n : -1n)
      expect(partition?.highWatermark).toBe(3n)
    },
  )

  it('answers a repeated batch with its first offset', async () => {
    const client = new LogApiClient()
    client.cluster.createTopic('t')
    const batch = batchOf(['a'], { producerId: 7n, producerEpoch: 0, baseSequence: 0 })
    await produce(client, batchOf(['z']))
    await produce(client, batch)
    expect(await produce(client, batch)).toMatchObject({ errorCode: 0, baseOffset: 1n })
  })

  it('answers each partition for itself', async () => {
    const client = new LogApiClient()
    client.cluster.createTopic('t', { partitions: 2 })
    const partitionData = [0, 5, 1].map((index) => ({ index, records: batchOf(['a']) }))
    const request = { acks: -1, timeoutMs: 1000, topicData: [{ name: 't', partitionData }] }
    const response = await client.ask(produceApi, request, { version: 12 })
    expect(response.responses[0]?.partitionResponses.map((it) => [it.index, it.errorCode])).toEqual([
      [0, 0],
      [5, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
      [1, 0],
    ])
  })

  it('knows topics by name, or by id from version 13 on', async () => {
    const client = new LogApiClient()
    client.cluster.createTopic('t')
    const batch = batchOf(['a'])
    const unknownName = await produce(client, batch, { topic: 'other', version: 12 })
    expect(unknownName).toMatchObject(refusedWith('UNKNOWN_TOPIC_OR_PARTITION'))
    expect(await produce(client, batch, { topic: 'other' })).toMatchObject(refusedWith('UNKNOWN_TOPIC_ID'))
    const oldId = client.cluster.topics.byName('t')?.id ?? ''
    client.cluster.topics.delete('t')
    client.cluster.createTopic('t')
    expect(await produce(client, batch, { topicId: oldId })).toMatchObject(refusedWith('UNKNOWN_TOPIC_ID'))
  })

  it('needs Write on the topic', async () => {
    const client = new LogApiClient()
    client.cluster.createTopic('t')
    client.cluster.denied.add('Write Topic t')
    expect(await produce(client, batchOf(['a']))).toMatchObject(refusedWith('TOPIC_AUTHORIZATION_FAILED'))
  })

  it('tells who leads instead, from version 10 on', async () => {
    const client = new LogApiClient()
    const [partition] = client.cluster.createTopic('t', { replicas: [2, 3] })
    const leaderEpoch = partition?.leaderEpoch
    const late = await produce(client, batchOf(['a']), { version: 10 })
    expect(late).toMatchObject(refusedWith('NOT_LEADER_OR_FOLLOWER'))
    expect(late.currentLeader).toMatchObject({ leaderId: 2, leaderEpoch })
    expect(late.nodeEndpoints).toMatchObject([{ nodeId: 2, host: '127.0.0.1', port: 9092, rack: null }])
    const early = await produce(client, batchOf(['a']), { version: 9 })
    expect(early).toMatchObject(refusedWith('NOT_LEADER_OR_FOLLOWER'))
    expect(early.nodeEndpoints).toEqual([])
  })

  it('knows only acks -1, 0 and 1', async () => {
    const client = new LogApiClient()
    client.cluster.createTopic('t')
    expect(await produce(client, batchOf(['a']), { acks: 2 })).toMatchObject(
      refusedWith('INVALID_REQUIRED_ACKS'),
    )
  })

  it('answers nothing with acks 0, and has the connection closed when it refuses', async () => {
    const client = new LogApiClient()
    const [partition] = client.cluster.createTopic('t')
    const good = requestOf(client, batchOf(['a']), { acks: 0 })
    expect(await client.askMaybe(produceApi, good)).toBeUndefined()
    expect(client.context?.closeConnection).toBeUndefined()
    expect(partition?.logEndOffset).toBe(1n)
    const bad = requestOf(client, Buffer.alloc(0), { acks: 0 })
    expect(await client.askMaybe(produceApi, bad)).toBeUndefined()
    expect(client.context?.closeConnection).toBe(true)
  })

  it('keeps ordinary clients out of internal topics, but not Kafka’s admin client', async () => {
    const client = new LogApiClient()
    client.cluster.topics.ensureInternal('__consumer_offsets')
    const topic = '__consumer_offsets'
    const records = encodeRecordBatch({ records: [{ timestamp: 1_700_000_000_000, key: 'k', value: 'v' }] })
    const brokerId = client.cluster.topics.partition(topic, 0)?.leaderId ?? 0
    const refused = await produce(client, records, { topic, brokerId })
    expect(refused).toMatchObject(refusedWith('INVALID_TOPIC_EXCEPTION'))
    const options = { topic, brokerId, clientId: '__admin_client' }
    expect(await produce(client, records, options)).toMatchObject({ errorCode: 0 })
  })

  it('throttles by the bytes of the records', async () => {
    const client = new LogApiClient()
    client.cluster.createTopic('t')
    client.cluster.throttleMs = 70
    const batch = batchOf(['a'])
    expect(await produce(client, batch)).toMatchObject({ throttleTimeMs: 70, errorCode: 0 })
    expect(client.context?.throttleMs).toBe(70)
    expect(client.cluster.fetched).toEqual([batch.length])
  })
})

describe('Produce with acks -1', () => {
  async function withHeldFollower(configs: Readonly<Record<string, string>>) {
    const client = new LogApiClient(2)
    const [partition] = client.cluster.createTopic('t', { configs })
    if (partition === undefined) throw new TypeError('The topic has no partition')
    await produce(client, batchOf(['first']))
    partition.holdReplication(2)
    return { client, partition, clock: client.cluster.clock }
  }

  it('waits for all in-sync replicas, with acks 1 for none', async () => {
    const { client, partition } = await withHeldFollower({})
    expect(await produce(client, batchOf(['a']), { acks: 1 })).toMatchObject({ errorCode: 0, baseOffset: 1n })
    const waiting = produce(client, batchOf(['b']), { timeoutMs: 5000 })
    let isAnswered = false
    void waiting.then(() => (isAnswered = true))
    await client.cluster.clock.advance(100)
    expect(isAnswered).toBe(false)
    partition.releaseReplication(2)
    expect(await waiting).toMatchObject({ errorCode: 0, baseOffset: 2n })
  })

  it('gives up after the time of the request; the record stays, and so does its offset', async () => {
    const { client, partition, clock } = await withHeldFollower({})
    const waiting = produce(client, batchOf(['a']), { timeoutMs: 500 })
    await clock.advance(500)
    expect(await waiting).toMatchObject({ errorCode: ErrorCode.REQUEST_TIMED_OUT, baseOffset: 1n })
    expect(partition.logEndOffset).toBe(2n)
  })

  it('is not acknowledged while too few replicas are left, although the others have it', async () => {
    const { client, clock } = await withHeldFollower({ 'min.insync.replicas': '2' })
    const waiting = produce(client, batchOf(['a']), { timeoutMs: 80_000 })
    await clock.advance(80_000)
    expect(await waiting).toMatchObject({ errorCode: ErrorCode.REQUEST_TIMED_OUT, baseOffset: 1n })
  })

  it('says so when replicas left in the moment it was replicated', async () => {
    const partition = { whenReplicated: () => Promise.resolve(), inSyncReplicas: [1], minInSyncReplicas: 2 }
    expect(await whenAcknowledged(partition, 1n, 1000)).toBe(ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND)
  })

  it('tells that the leader changed meanwhile', async () => {
    const { client, partition } = await withHeldFollower({})
    const waiting = produce(client, batchOf(['a']), { timeoutMs: 10_000 })
    partition.moveLeader(2)
    expect(await waiting).toMatchObject({
      errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER,
      currentLeader: { leaderId: 2, leaderEpoch: partition.leaderEpoch },
    })
  })

  it('stores nothing while too few replicas are in sync; acks 1 does not mind', async () => {
    const client = new LogApiClient(2)
    const [partition] = client.cluster.createTopic('t', { configs: { 'min.insync.replicas': '2' } })
    client.cluster.brokers.stop(2, 'clean')
    await client.cluster.clock.advance(60_000)
    const refused = await produce(client, batchOf(['a']))
    expect(refused).toMatchObject({
      ...refusedWith('NOT_ENOUGH_REPLICAS'),
      logStartOffset: 0n,
      errorMessage: null,
    })
    expect(partition?.logEndOffset).toBe(0n)
    expect(await produce(client, batchOf(['a']), { acks: 1 })).toMatchObject({ errorCode: 0 })
  })
})

describe('Produce of records that are refused', () => {
  const withoutKey = batchOf(['a', 'b'])

  it.each([8, 9, 13])('names them with words from version 8 on (version %d)', async (version) => {
    const client = new LogApiClient()
    client.cluster.createTopic('t', { configs: { 'cleanup.policy': 'compact' } })
    const answer = await produce(client, withoutKey, { version })
    expect(answer).toMatchObject({ ...refusedWith('INVALID_RECORD'), logStartOffset: 0n })
    expect(answer.errorMessage).toContain(
      'One or more records have been rejected due to 2 record errors in total',
    )
    expect(answer.recordErrors.map((it) => it.batchIndex)).toEqual([0, 1])
    expect(answer.recordErrors[0]?.batchIndexErrorMessage).toBe(
      'Compacted topic cannot accept message without key in topic partition t-0',
    )
  })

  it('gives the code alone before', async () => {
    const client = new LogApiClient()
    client.cluster.createTopic('t', { configs: { 'cleanup.policy': 'compact' } })
    expect(await produce(client, withoutKey, { version: 7 })).toMatchObject(refusedWith('INVALID_RECORD'))
  })

  it.each<[string, Buffer | null, ErrorCodeName, bigint]>([
    ['no records', null, 'INVALID_RECORD', -1n],
    ['two batches', Buffer.concat([batchOf(['a']), batchOf(['a'])]), 'INVALID_RECORD', -1n],
    ['a control batch', batchOf(['a'], { isControl: true }), 'INVALID_RECORD', 0n],
    ['a broken checksum', batchOf(['a']).fill(1, 66), 'CORRUPT_MESSAGE', -1n],
    ['a batch that is too large', batchOf(['x'.repeat(2_000_000)]), 'MESSAGE_TOO_LARGE', -1n],
  ])('has no words for others: %s', async (_what, records, code, logStartOffset) => {
    const client = new LogApiClient()
    client.cluster.createTopic('t')
    const answer = await produce(client, records)
    expect(answer).toMatchObject({
      ...refusedWith(code),
      logStartOffset,
      errorMessage: null,
      recordErrors: [],
    })
  })
})

describe('Produce of bytes that are no batch', () => {
  it.each<[string, number, number, ErrorCodeName, string | null]>([
    ['an unknown format', 16, 3, 'CORRUPT_MESSAGE', 'Invalid magic found in record: 3'],
    [
      'a length of 5',
      11,
      5,
      'CORRUPT_MESSAGE',
      'Record size 5 is less than the minimum record overhead (14)',
    ],
    ['a header that is cut off', 11, 28, 'UNKNOWN_SERVER_ERROR', null],
  ])('refuses all partitions of the request for one: %s', async (_what, at, byte, code, errorMessage) => {
    const client = new LogApiClient()
    const [first] = client.cluster.createTopic('t', { partitions: 2 })
    const broken = batchOf(['x'])
    if (at === 11) broken.writeInt32BE(byte, 8)
    else broken[at] = byte
    const partitionData = [batchOf(['a']), broken].map((records, index) => ({ index, records }))
    const request = { acks: -1, timeoutMs: 1000, topicData: [{ name: 't', partitionData }] }
    const response = await client.ask(produceApi, request, { version: 12 })
    const refused = { ...refusedWith(code), errorMessage, logStartOffset: -1n }
    expect(response.responses[0]?.partitionResponses).toMatchObject([refused, refused])
    expect(first?.logEndOffset).toBe(0n)
  })
})

it('Produce answers whatever a batch is cut down to', async () => {
  const client = new LogApiClient()
  client.cluster.createTopic('t')
  for (let size = 0; size < 69; size++) {
    const bytes = Buffer.alloc(size)
    transactional(0).copy(bytes)
    if (size >= 26) bytes.writeInt32BE(size - 12, 8)
    const answer = await produce(client, bytes, { transactionalId: 'tx' })
    expect([-1, ErrorCode.CORRUPT_MESSAGE, ErrorCode.INVALID_RECORD]).toContain(answer.errorCode)
  }
})

describe('Produce in a transaction', () => {
  it('asks the coordinator before the first record of a transaction, not again while it is open', async () => {
    const client = new LogApiClient()
    client.cluster.createTopic('t')
    await produce(client, transactional(0), { transactionalId: 'tx' })
    await produce(client, transactional(1), { transactionalId: 'tx' })
    const producer = { producerId: 7n, producerEpoch: 0 }
    expect(client.verification.asked).toEqual([['tx', producer, 't', 0, true, true]])
  })

  it.each([
    [10, false, false],
    [11, false, true],
    [12, true, true],
  ])(
    'lets the coordinator add the partition from version 12 on (version %d)',
    async (version, mayAdd, abortable) => {
      const client = new LogApiClient()
      client.cluster.createTopic('t')
      await produce(client, transactional(0), { transactionalId: 'tx', version })
      expect(client.verification.asked[0]?.slice(4)).toEqual([mayAdd, abortable])
    },
  )

  it('is refused with what the coordinator refuses, and stores nothing', async () => {
    const client = new LogApiClient()
    const [partition] = client.cluster.createTopic('t')
    const words = 'Partition was not added to the transaction'
    client.verification.refusal = fail('INVALID_TXN_STATE', words)
    const refused = await produce(client, transactional(0), { transactionalId: 'tx', version: 10 })
    expect(refused).toMatchObject({
      ...refusedWith('INVALID_TXN_STATE'),
      errorMessage: words,
      logStartOffset: -1n,
    })
    client.verification.refusal = fail('TRANSACTION_ABORTABLE', 'words that Kafka does not have')
    const abortable = await produce(client, transactional(0), { transactionalId: 'tx' })
    expect(abortable).toMatchObject({ ...refusedWith('TRANSACTION_ABORTABLE'), errorMessage: null })
    expect(partition?.logEndOffset).toBe(0n)
  })

  it('needs a transactional id, and Write on it', async () => {
    const client = new LogApiClient()
    client.cluster.createTopic('t')
    const code = refusedWith('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
    expect(await produce(client, transactional(0))).toMatchObject(code)
    client.cluster.denied.add('Write TransactionalId tx')
    expect(await produce(client, transactional(0), { transactionalId: 'tx' })).toMatchObject(code)
    expect(client.verification.asked).toEqual([])
  })

  it('is of one producer in one request', async () => {
    const client = new LogApiClient()
    client.cluster.createTopic('t', { partitions: 2 })
    const partitionData = [7n, 8n].map((id, index) => ({ index, records: transactional(0, id) }))
    const request = {
      transactionalId: 'tx',
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: 't', partitionData }],
    }
    const response = await client.ask(produceApi, request, { version: 12 })
    const errorMessage = 'Transactional records contained more than one producer ID'
    const refused = { ...refusedWith('INVALID_PRODUCER_ID_MAPPING'), errorMessage }
    expect(response.responses[0]?.partitionResponses).toMatchObject([refused, refused])
  })
})
