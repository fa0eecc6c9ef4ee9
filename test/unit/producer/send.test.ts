// Guards the door: what is wrong with a message must stop its call before anything of it is sent.
import { rejectionOf } from '../../support/rejection'
import { json, string, topic, nullable } from './support/serdes'
import { settle } from '../support/fake-clock'
import { closeAll, setUp } from './support/producer-setup'

afterEach(closeAll)

describe('send', () => {
  test('a lone message leaves at the end of the turn, with key, headers and timestamp', async () => {
    const { cluster, clock, producer } = setUp()
    const sent = producer.send('t', {
      key: 'k',
      value: Buffer.from('v'),
      headers: { a: '1', b: [Buffer.from('2'), null], c: null },
      timestamp: new Date(1234),
    })
    await settle()
    expect(clock.now()).toBe(0)
    expect(cluster.next.only.records).toEqual([
      {
        key: 'k',
        value: 'v',
        timestamp: 1234,
        headers: [
          { key: 'a', value: '1' },
          { key: 'b', value: '2' },
          { key: 'b', value: null },
          { key: 'c', value: null },
        ],
      },
    ])
    cluster.next.answer({ baseOffset: 42n })
    expect(await sent).toEqual({ topic: 't', partition: 0, offset: 42n, timestamp: 1234 })
  })

  test('a list gets a list of receipts in its order, whatever the partitions', async () => {
    const { cluster, clock, producer } = setUp({}, [1, 2, 1])
    const sent = producer.send(
      't',
      [2, 0, 1, 0, 2].map((partition, i) => ({ value: `${i}`, partition })),
    )
    await settle()
    for (const produce of cluster.pending) {
      produce.answer((batch) => ({ baseOffset: BigInt(batch.partition * 10) }))
    }
    const timestamp = clock.wallTime()
    expect(await sent).toEqual(
      [
        [2, 20n],
        [0, 0n],
        [1, 10n],
        [0, 1n],
        [2, 21n],
      ].map(([partition, offset]) => ({ topic: 't', partition, offset, timestamp })),
    )
  })

  test('an empty list is nothing to do', async () => {
    const { cluster, producer } = setUp()
    expect(await producer.send('t', [])).toEqual([])
    expect(cluster.leases).toBe(0)
  })

  test.each([
    ['a value of a wrong type', { value: 7 }, 'SERIALIZATION_FAILED', /value of message 2/],
    ['a key of a wrong type', { key: {}, value: 'v' }, 'SERIALIZATION_FAILED', /key of message 2/],
    [
      'a header of a wrong type',
      { value: 'v', headers: { h: 7 } },
      'SERIALIZATION_FAILED',
      /Header 'h' of message 2/,
    ],
    [
      'headers that are no object',
      { value: 'v', headers: [] },
      'SERIALIZATION_FAILED',
      /headers of message 2/,
    ],
    ['a wrong timestamp', { value: 'v', timestamp: -1 }, 'INVALID_ARGUMENT', /timestamp of message 2/],
    ['a wrong partition', { value: 'v', partition: 1.5 }, 'INVALID_ARGUMENT', /partition of message 2/],
    ['no message at all', null, 'INVALID_ARGUMENT', /Message 2 is null/],
    [
      'a message over maxRequestSizeBytes',
      { value: 'x'.repeat(3000) },
      'MESSAGE_TOO_LARGE',
      /Message 2 takes \d+ bytes; option 'maxRequestSizeBytes' allows 2000/,
    ],
  ])('a list with %s is refused as a whole, and others go on', async (_, wrong, code, message) => {
    for (const hasMetadata of [true, false]) {
      const { cluster, clock, producer } = setUp(
        { maxRequestSizeBytes: 2000, batchSizeBytes: 500 },
        hasMetadata ? [1, 1] : [],
      )
      const value = 'y'.repeat(150)
      const before = producer.send('t', { value: 'before', partition: 0 })
      const list = [{ value, partition: 0 }, { value, partition: 1 }, wrong, { value }]
      const error = await rejectionOf(producer.send('t', list as never))
      expect(error.code).toBe(code)
      expect(error.message).toMatch(message)
      const after = producer.send('t', { value: 'after', partition: 0 })
      if (!hasMetadata) cluster.metadata.setTopic('t', [1, 1])
      await clock.advance(200)
      expect(cluster.produced.flatMap((produce) => produce.values)).toEqual(['before', 'after'])
      for (const produce of cluster.pending) produce.answer()
      await Promise.all([before, after])
      expect(producer.bufferedBytes).toBe(0)
    }
  })

  test('a list that needs several batches is taken back from all of them', async () => {
    const { cluster, producer } = setUp({ batchSizeBytes: 500 })
    const before = producer.send('t', { value: 'before', partition: 0 })
    const list = Array.from({ length: 20 }, () => ({ value: 'z'.repeat(100), partition: 0 }))
    const error = await rejectionOf(producer.send('t', [...list, { value: 7 }] as never))
    expect(error.code).toBe('SERIALIZATION_FAILED')
    const after = producer.send('t', { value: 'after', partition: 0 })
    await settle()
    expect(cluster.next.values).toEqual(['before', 'after'])
    cluster.next.answer()
    await Promise.all([before, after])
    expect(producer.bufferedBytes).toBe(0)
  })

  test('a list refused in the part that had to wait for memory is taken back too', async () => {
    const { cluster, producer } = setUp({ batchSizeBytes: 1000, bufferMemoryBytes: 3000 })
    const list = Array.from({ length: 30 }, () => ({ value: 'z'.repeat(400), partition: 0 }))
    const error = await rejectionOf(producer.send('t', [...list, { value: 7 }] as never))
    expect(error.code).toBe('SERIALIZATION_FAILED')
    await settle()
    expect(cluster.produced).toHaveLength(0)
    expect(producer.bufferedBytes).toBe(0)
  })

  test('a message is what it was at the call, also when it has to wait for metadata', async () => {
    const { cluster, clock, producer } = setUp({}, [])
    const value = Buffer.from('as it was')
    const message = { key: 'k', value }
    const sent = producer.send('t', message)
    value.fill('!')
    message.key = 'changed'
    cluster.metadata.setTopic('t', [1])
    await clock.advance(0)
    expect(cluster.next.only.records[0]).toMatchObject({ key: 'k', value: 'as it was' })
    cluster.next.answer()
    await sent
  })

  test('calls that wait for metadata and calls made as it arrives keep their order', async () => {
    const { cluster, producer } = setUp({}, [])
    const sent = [producer.send('t', { value: '1' }), producer.send('t', { value: '2' })]
    await settle()
    cluster.metadata.setTopic('t', [1])
    sent.push(producer.send('t', { value: '3' }))
    await settle()
    expect(cluster.next.values).toEqual(['1', '2', '3'])
    cluster.next.answer()
    await Promise.all(sent)
  })

  test('a serde that sends gets its message behind the one it serializes', async () => {
    const { cluster, producer } = setUp()
    const audited = topic('t', {
      key: nullable(string()),
      value: {
        name: 'audited',
        serialize(value: string) {
          if (value === 'outer') void producer.send('t', { value: 'inner', partition: 0 })
          return value
        },
        deserialize: () => '',
      },
    })
    const sent = producer.send(audited, [
      { value: 'outer', partition: 0 },
      { value: 'outer too', partition: 0 },
    ])
    await settle()
    expect(cluster.next.values).toEqual(['outer', 'outer too', 'inner'])
    cluster.next.answer()
    await sent
  })

  test('typed topics serialize by their serdes and report by their names', async () => {
    const { cluster, producer } = setUp()
    const orders = topic('t', { key: string(), value: json<{ price: number }>() })
    const sent = producer.send(orders, { key: 'o-1', value: { price: 3 } })
    await settle()
    expect(cluster.next.only.records[0]).toMatchObject({ key: 'o-1', value: '{"price":3}' })
    cluster.next.answer()
    await sent
    expect(
      await rejectionOf(producer.send(orders, { key: undefined as never, value: { price: 1 } })),
    ).toMatchObject({
      code: 'SERIALIZATION_FAILED',
      context: { topic: 't' },
    })
  })

  test.each([[''], ['a/b'], ['.'], [undefined], [{}]])('a wrong topic %j is refused', async (name) => {
    const { producer } = setUp()
    expect(await rejectionOf(producer.send(name as never, { value: 'v' }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })

  test('text of any script, and empty keys and values, arrive as they are', async () => {
    const { cluster, producer } = setUp()
    const texts = ['', 'åäö', '😀'.repeat(400), 'ß'.repeat(2000), 'a'.repeat(1023) + 'é', '\ud800']
    const sent = producer.send(
      't',
      texts.map((text) => ({ key: text, value: text, partition: 0 })),
    )
    await settle()
    const expected = texts.map((text) => Buffer.from(text).toString())
    expect(cluster.next.only.records.map((record) => [record.key, record.value])).toEqual(
      expected.map((text) => [text, text]),
    )
    cluster.next.answer()
    await sent
  })

  test('batches fill while all request slots are taken', async () => {
    const { cluster, producer } = setUp({ maxInFlightRequestsPerConnection: 1 })
    const sent: Promise<unknown>[] = []
    for (let i = 0; i < 10; i++) {
      sent.push(producer.send('t', { value: `${i}`, partition: 0 }))
      await settle()
    }
    cluster.next.answer({ baseOffset: 0n })
    await settle()
    expect(cluster.next.values).toHaveLength(9)
    cluster.next.answer({ baseOffset: 1n })
    await Promise.all(sent)
  })

  test('a batch holds at most batchSizeBytes', async () => {
    const { cluster, producer } = setUp({ batchSizeBytes: 1000 })
    const sent = producer.send(
      't',
      Array.from({ length: 50 }, () => ({ value: 'ä'.repeat(100), partition: 0 })),
    )
    for (let i = 0; i < 30; i++) {
      await settle()
      for (const produce of cluster.pending) {
        expect(produce.only.batch.sizeInBytes).toBeLessThanOrEqual(1000)
        produce.answer()
      }
    }
    await sent
    expect(cluster.produced.length).toBeLessThan(15)
  })
})
