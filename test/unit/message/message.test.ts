// Guards what users see of a message: values decoded in place and once, headers as they came, errors that say where.
import { inspect } from 'node:util'
import { SerializationError } from '../../../src/base/errors'
import { type AnyTopic, Message } from '../../../src/message/message'
import { nullable, string } from '../../../src/serde/basic-serdes'
import { json } from '../../../src/serde/json-serde'
import { rawTopic, topic } from '../../../src/serde/topic'
import { openRecords } from '../../../src/wire/records/open-records'
import { RecordBatchBuilder } from '../../../src/wire/records/record-batch-builder'
import { readRecordBatches } from '../../../src/wire/records/record-batch-reader'
import type { RecordHeader } from '../../../src/wire/records/record-header'

function message(
  definition: AnyTopic,
  key: string | null,
  value: string | null,
  headers: RecordHeader[] = [],
): Message {
  const builder = new RecordBatchBuilder()
  builder.append(1_700_000_000_000, 'before', 'before')
  builder.append(1_700_000_000_123, key, value, headers)
  const [batch] = readRecordBatches(builder.seal().toBuffer())
  if (batch === undefined) throw new Error('no batch')
  const cursor = openRecords(batch)
  cursor.next()
  cursor.next()
  return new Message(
    {
      topic: definition,
      partition: 3,
      buffer: cursor.buffer,
      baseOffset: 9_007_199_254_740_993n,
      baseTimestamp: batch.baseTimestamp,
      timestampType: 'create',
      leaderEpoch: 4,
    },
    cursor,
  )
}

describe('Message', () => {
  it('gives exact offsets beyond 2^53, the timestamp and where it came from', () => {
    const one = message(rawTopic('orders'), 'k', 'v')
    expect(one.offset).toBe(9_007_199_254_740_994n)
    expect([one.topic, one.partition, one.timestamp, one.timestampType, one.leaderEpoch]).toEqual([
      'orders',
      3,
      1_700_000_000_123,
      'create',
      4,
    ])
  })

  it('decodes key and value when they are read, once', () => {
    let calls = 0
    const counting = {
      ...json<{ id: number }>(),
      deserialize: (b: Buffer, s: number, e: number) => (
        calls++,
        JSON.parse(b.toString('utf8', s, e)) as { id: number }
      ),
    }
    const one = message(topic('orders', { key: string(), value: counting }), 'k', '{"id":1}')
    expect(calls).toBe(0)
    expect(one.value).toEqual({ id: 1 })
    expect(one.value).toBe(one.value)
    expect([one.key, calls]).toEqual(['k', 1])
  })

  it('gives null where the serde allows it and says what to do where it does not', () => {
    const lenient = message(topic('t', { value: nullable(string()) }), null, null)
    expect([lenient.key, lenient.value]).toEqual([null, null])
    const strict = message(topic('t', { value: string() }), null, null)
    expect(() => strict.value).toThrow('wrap the serde in nullable()')
  })

  it('names topic, partition, offset and part when the bytes do not fit the serde', () => {
    const one = message(topic('orders', { value: json() }), null, '{no json')
    let caught: unknown
    try {
      void one.value
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(SerializationError)
    expect((caught as SerializationError).message).toMatch(
      /value .* offset 9007199254740994 .*json serde.*orders-3/,
    )
    expect((caught as SerializationError).cause).toBeInstanceOf(SyntaxError)
    expect(one.rawValue?.toString()).toBe('{no json')
  })

  it('keeps repeated, null and oddly named headers', () => {
    const one = message(rawTopic('t'), null, 'v', [
      { key: 'a', value: '1' },
      { key: 'a', value: null },
      { key: '__proto__', value: 'p' },
      { key: 'b', value: Buffer.from([1]) },
    ])
    expect(Object.keys(one.headers)).toEqual(['a', '__proto__', 'b'])
    expect(one.headers['a']).toEqual([Buffer.from('1'), null])
    expect(one.header('a')).toBeNull()
    expect(one.header('__proto__')?.toString()).toBe('p')
    expect(one.header('toString')).toBeUndefined()
    expect(message(rawTopic('t'), null, 'v').header('constructor')).toBeUndefined()
  })

  it('tells messages of several topics apart', () => {
    const orders = topic('orders', { value: json<{ id: number }>() })
    const one = message(orders, null, '{"id":5}') as Message<Buffer | null, unknown>
    expect(one.isFrom(topic('clicks'))).toBe(false)
    if (!one.isFrom(orders)) throw new Error('not recognised')
    expect(one.value.id).toBe(5)
  })

  it('is readable as JSON and in the console, also when it cannot be decoded', () => {
    const one = message(topic('orders', { key: string(), value: json() }), 'k', '{"id":1}', [
      { key: 'h', value: 'x' },
    ])
    expect(JSON.parse(JSON.stringify(one))).toEqual({
      topic: 'orders',
      partition: 3,
      offset: '9007199254740994',
      timestamp: 1_700_000_000_123,
      key: 'k',
      value: { id: 1 },
      headers: { h: 'x' },
    })
    expect(inspect(one)).toContain("topic: 'orders'")
    const broken = message(topic('orders', { value: json() }), null, '{')
    expect(JSON.stringify(broken)).toContain('"ew=="')
    expect(inspect(broken)).toContain('Buffer')
  })
})
