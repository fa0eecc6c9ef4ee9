// Guards against a broker that takes what Kafka refuses, or refuses it in other words: a client that was only tested
// against it would then fail in production.
import { metadataApi } from '../../src/wire/generated/client/metadata'
import { produceApi } from '../../src/wire/generated/client/produce'
import { batchLayout } from '../../src/wire/records/batch-layout'
import { readRecordBatches } from '../../src/wire/records/record-batch-reader'
import { code, describeEachBroker } from './support/describe-each-broker'
import { batch, changed, createTopic, fetch, only, produce, valuesIn, type TestTopic } from './support/log'
import { ConnectionClosed } from './support/raw-client'
import { initProducerId } from './support/transactions'

const unknownId = 'AAAAAAAAAAAAAAAAAAAAAQ'

describeEachBroker('producing', {}, (broker) => {
  let topic: TestTopic
  beforeAll(async () => void (topic = await createTopic(broker, { partitions: 2 })))

  it.each(broker.pick({ '3.7': [3, 5, 7, 9, 10], '4.3': [3, 5, 7, 9, 11, 12, 13] }))(
    'appends a batch with Produce version %i',
    async (version) => {
      const own = await createTopic(broker)
      const values = ['a', 'b']
      expect(await produce(broker, own, batch({ values }), { version })).toMatchObject({
        errorCode: 0,
        baseOffset: 0n,
        logAppendTimeMs: -1n,
        logStartOffset: version >= 5 ? 0n : -1n,
      })
      expect(await produce(broker, own, batch({ values }), { version })).toMatchObject({ baseOffset: 2n })
      const { records, highWatermark } = await fetch(broker, own)
      expect(valuesIn(records)).toEqual(['a', 'b', 'a', 'b'])
      expect(highWatermark).toBe(4n)
      expect(readRecordBatches(records ?? Buffer.alloc(0)).map((one) => one.partitionLeaderEpoch)).toEqual([
        0, 0,
      ])
    },
  )

  it.each(['none', 'gzip', 'snappy', 'lz4'] as const)(
    'keeps a batch compressed with %s as it is',
    async (compression) => {
      const own = await createTopic(broker)
      const sent = batch({ values: ['a', 'b', 'c'], compression })
      await produce(broker, own, sent)
      const { records } = await fetch(broker, own)
      expect(records?.subarray(batchLayout.attributes)).toEqual(sent.subarray(batchLayout.attributes))
    },
  )

  it('compresses again what the topic wants in another way', async () => {
    const own = await createTopic(broker, { configs: { 'compression.type': 'gzip' } })
    await produce(broker, own, batch({ values: ['a', 'b'] }))
    const { records } = await fetch(broker, own)
    expect(readRecordBatches(records ?? Buffer.alloc(0)).map((one) => one.compressionType)).toEqual([1])
    expect(valuesIn(records)).toEqual(['a', 'b'])
  })

  const refused: [title: string, records: () => Buffer | null, expected: string, version?: number][] = [
    ['empty records', () => Buffer.alloc(0), 'INVALID_RECORD'],
    ['two batches for one partition', () => Buffer.concat([batch(), batch()]), 'INVALID_RECORD'],
    ['a batch of magic 1', () => magicOne(), 'INVALID_RECORD'],
    ['a wrong checksum', () => corrupted(), 'CORRUPT_MESSAGE'],
    ['a control batch', () => batch({ isControl: true }), 'INVALID_RECORD'],
    ['a base offset that is not 0', () => batch({ baseOffset: 5n }), 'INVALID_RECORD'],
    [
      'more records than the header says',
      () => changed(batch({ values: ['a', 'b'] }), (bytes) => countRecords(bytes, 1)),
      'INVALID_RECORD',
    ],
    [
      'fewer records than the header says',
      () => changed(batch({ values: ['a', 'b'] }), (bytes) => countRecords(bytes, 3)),
      'INVALID_RECORD',
    ],
    [
      'a last offset that does not match the count',
      () => changed(batch(), (bytes) => bytes.writeInt32BE(4, batchLayout.lastOffsetDelta)),
      'INVALID_RECORD',
    ],
    ['offsets with a gap', () => batch({ records: [plain(0), plain(2)] }), 'INVALID_RECORD'],
    ['a producer id without sequence', () => batch({ producerId: 5n, producerEpoch: 0 }), 'INVALID_RECORD'],
    [
      'zstd in a version that has none',
      () => changed(batch(), (bytes) => bytes.writeInt16BE(4, batchLayout.attributes)),
      'UNSUPPORTED_COMPRESSION_TYPE',
      6,
    ],
    [
      'an unknown codec',
      () => changed(batch(), (bytes) => bytes.writeInt16BE(5, batchLayout.attributes)),
      'UNKNOWN_SERVER_ERROR',
    ],
    [
      'a larger batch than the topic allows',
      () => batch({ values: ['x'.repeat(1_100_000)] }),
      'MESSAGE_TOO_LARGE',
    ],
  ]
  it.each(refused)('refuses %s', async (_title, records, expected, version = 9) => {
    const { errorCode, baseOffset } = await produce(broker, topic, records(), { version, partition: 1 })
    expect(code(errorCode)).toBe(expected)
    expect(baseOffset).toBe(-1n)
  })

  it('says no more than the code of what it refuses as a whole', async () => {
    const tooLarge = await produce(broker, topic, batch({ values: ['x'.repeat(1_100_000)] }))
    expect(tooLarge).toMatchObject({ errorMessage: null, recordErrors: [] })
  })

  it.each([1, 0, -1])('takes acks %i', async (acks) => {
    const own = await createTopic(broker)
    if (acks !== 0) {
      expect(await produce(broker, own, batch(), { acks })).toMatchObject({ errorCode: 0, baseOffset: 0n })
      return
    }
    const client = await broker.connect()
    client.tell(produceApi, 9, request(own.name, batch(), 0))
    await client.ask(metadataApi, 9, { topics: [] })
    expect((await fetch(broker, own, { maxWaitMs: 5_000, minBytes: 1 })).highWatermark).toBe(1n)
  })

  it.each([5, -2])('refuses acks %i', async (acks) => {
    expect(await produce(broker, topic, batch(), { acks })).toMatchObject({ errorCode: 21, baseOffset: -1n })
  })

  it('asks for no more replicas in sync than the partition has', async () => {
    const own = await createTopic(broker, { configs: { 'min.insync.replicas': '2' } })
    expect(code((await produce(broker, own, batch(), { acks: -1 })).errorCode)).toBe('NONE')
  })

  it('closes the connection when something sent with acks 0 fails', async () => {
    const client = await broker.connect()
    client.tell(produceApi, 9, request(topic.name, corrupted(), 0))
    await client.closed
    await expect(client.ask(metadataApi, 9, { topics: [] })).rejects.toThrow(ConnectionClosed)
  })

  it('answers for every partition on its own', async () => {
    const { responses } = await broker.raw(produceApi, 9, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 1_000,
      topicData: [
        {
          name: topic.name,
          partitionData: [
            { index: 0, records: batch() },
            { index: 1, records: corrupted() },
            { index: 2, records: batch() },
          ],
        },
        { name: 'no-such-topic', partitionData: [{ index: 0, records: batch() }] },
      ],
    })
    const found = responses.flatMap(({ name, partitionResponses }) =>
      partitionResponses.map(
        ({ index, errorCode }) => `${name === topic.name ? '' : name} ${index} ${code(errorCode)}`,
      ),
    )
    expect(found.sort()).toEqual([
      ' 0 NONE',
      ' 1 CORRUPT_MESSAGE',
      ' 2 UNKNOWN_TOPIC_OR_PARTITION',
      'no-such-topic 0 UNKNOWN_TOPIC_OR_PARTITION',
    ])
  })

  if (broker.version === '4.3') {
    it("does not know a topic by an id that is nobody's", async () => {
      const answer = await produce(broker, { name: '', id: unknownId }, batch(), { version: 13 })
      expect(code(answer.errorCode)).toBe('UNKNOWN_TOPIC_ID')
    })
  }

  it('refuses records without key on a compacted topic and names them', async () => {
    const own = await createTopic(broker, { configs: { 'cleanup.policy': 'compact' } })
    const records = batch({ records: [plain(0), { ...plain(1), key: null }, plain(2)] })
    const answer = await produce(broker, own, records)
    expect(code(answer.errorCode)).toBe('INVALID_RECORD')
    expect(answer.errorMessage).toContain('One or more records have been rejected')
    expect(answer.recordErrors).toEqual([
      {
        batchIndex: 1,
        batchIndexErrorMessage: `Compacted topic cannot accept message without key in topic partition ${own.name}-0`,
      },
    ])
    expect((await fetch(broker, own)).highWatermark).toBe(0n)
  })

  it('puts its own time on records where the topic says so', async () => {
    const own = await createTopic(broker, { configs: { 'message.timestamp.type': 'LogAppendTime' } })
    const before = Date.now()
    const answer = await produce(broker, own, batch({ timestamp: 1_000, values: ['a', 'b'] }))
    const appended = Number(answer.logAppendTimeMs)
    expect(appended).toBeGreaterThanOrEqual(before - 5_000)
    const { records } = await fetch(broker, own)
    const stored = only(readRecordBatches(records ?? Buffer.alloc(0)))
    expect(stored).toMatchObject({ isLogAppendTime: true, maxTimestamp: appended })
  })

  it('refuses timestamps outside of what the topic allows', async () => {
    const own = await createTopic(broker, {
      configs: { 'message.timestamp.before.max.ms': '1000', 'message.timestamp.after.max.ms': '1000' },
    })
    for (const shift of [-3_600_000, 3_600_000]) {
      const answer = await produce(broker, own, batch({ timestamp: Date.now() + shift }))
      expect(code(answer.errorCode)).toBe('INVALID_TIMESTAMP')
      expect(answer.recordErrors).toMatchObject([{ batchIndex: 0 }])
      expect(answer.recordErrors[0]?.batchIndexErrorMessage).toMatch(
        /^Timestamp \d+ of message with offset 0 is out of range/,
      )
    }
    expect((await produce(broker, own, batch())).errorCode).toBe(0)
  })

  it('by default takes a timestamp of tomorrow only in releases before 4.0', async () => {
    const { errorCode } = await produce(broker, topic, batch({ timestamp: Date.now() + 86_400_000 }))
    expect(code(errorCode)).toBe(broker.pick({ '3.7': 'NONE', '4.3': 'INVALID_TIMESTAMP' }))
  })
})

describeEachBroker('producing with idempotence', {}, (broker) => {
  let topic: TestTopic
  let producerId: bigint
  beforeEach(async () => {
    topic = await createTopic(broker)
    const answer = await initProducerId(broker)
    expect(answer).toMatchObject({ errorCode: 0, producerEpoch: 0 })
    producerId = answer.producerId
  })

  const send = async (baseSequence: number, count = 1, producerEpoch = 0): Promise<string> => {
    const values = Array.from({ length: count }, (_, index) => `${baseSequence + index}`)
    const answer = await produce(broker, topic, batch({ values, producerId, producerEpoch, baseSequence }))
    return `${code(answer.errorCode)} ${answer.baseOffset}`
  }

  it('gives every producer an id of its own', async () => {
    const another = await initProducerId(broker, { version: 1 })
    expect(another).toMatchObject({ errorCode: 0, producerEpoch: 0 })
    expect(another.producerId).not.toBe(producerId)
  })

  it('appends batches in sequence', async () => {
    expect([await send(0, 3), await send(3, 2), await send(5)]).toEqual(['NONE 0', 'NONE 3', 'NONE 5'])
  })

  it('answers each of the last five batches with its first offset when it comes again', async () => {
    for (const sequence of [0, 1, 2, 3, 4]) await send(sequence)
    const again = []
    for (const sequence of [0, 1, 2, 3, 4]) again.push(await send(sequence))
    expect(again).toEqual(['NONE 0', 'NONE 1', 'NONE 2', 'NONE 3', 'NONE 4'])
    expect((await fetch(broker, topic)).highWatermark).toBe(5n)
  })

  it('does not remember a sixth batch', async () => {
    for (const sequence of [0, 1, 2, 3, 4, 5]) await send(sequence)
    expect(await send(0)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER -1')
    expect(await send(1)).toBe('NONE 1')
  })

  it('takes a batch only as a duplicate when its end is the same', async () => {
    await send(0, 3)
    expect(await send(0, 2)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER -1')
    expect(await send(1, 2)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER -1')
    expect(await send(0, 3)).toBe('NONE 0')
  })

  it('refuses a gap, and goes on where it was', async () => {
    await send(0)
    expect(await send(2)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER -1')
    expect(await send(1)).toBe('NONE 1')
  })

  it('takes any first sequence of a producer it does not know', async () => {
    expect(await send(7)).toBe('NONE 0')
    expect(await send(8)).toBe('NONE 1')
  })

  it('begins with sequence 0 after a new epoch, and refuses the old one', async () => {
    await send(0)
    expect(await send(1, 1, 1)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER -1')
    expect(await send(0, 1, 1)).toBe('NONE 1')
    expect(await send(1, 1, 0)).toBe('INVALID_PRODUCER_EPOCH -1')
    expect(await send(1, 1, 1)).toBe('NONE 2')
  })

  it('lets the sequence go from the largest number to 0', async () => {
    expect(await send(0x7ffffffe, 2)).toBe('NONE 0')
    expect(await send(0)).toBe('NONE 2')
  })
})

function request(
  name: string,
  records: Buffer,
  acks: number,
): Parameters<typeof produceApi.encodeRequest>[1] {
  const topicData = [{ name, partitionData: [{ index: 0, records }] }]
  return { transactionalId: null, acks, timeoutMs: 1_000, topicData }
}

function plain(offsetDelta: number): { offsetDelta: number; timestamp: number; key: string; value: string } {
  return { offsetDelta, timestamp: Date.now(), key: 'k', value: 'v' }
}

function countRecords(bytes: Buffer, count: number): void {
  bytes.writeInt32BE(count, batchLayout.recordsCount)
  bytes.writeInt32BE(count - 1, batchLayout.lastOffsetDelta)
}

function corrupted(): Buffer {
  const bytes = batch()
  bytes[batchLayout.crc] = (bytes[batchLayout.crc] ?? 0) ^ 1
  return bytes
}

/** What a producer before Kafka 0.11 sends; its checksum does not matter, the format is looked at first. */
function magicOne(): Buffer {
  const bytes = Buffer.alloc(34 + 1)
  bytes.writeInt32BE(bytes.length - 12, 8)
  bytes[16] = 1
  bytes.writeInt32BE(-1, 26)
  bytes.writeInt32BE(1, 30)
  return bytes
}
