// Guards what handlers get and what their helpers do: each case runs on KafkaJS too, with the same outcome.
import type {
  Consumer,
  EachBatchPayload,
  EachMessagePayload,
  InstrumentationEvent,
} from '../../../src/kafkajs'
import { peerNames, TwoClients } from './two-clients'

const setup = new TwoClients()

describe.each(peerNames)('%s', (peer) => {
  test('4, 12.5: an eachMessage payload has these keys, and a message with plain fields of its own', async () => {
    const topic = setup.topic()
    await setup.produce(
      topic,
      { key: 'k', value: 'v', headers: { a: '1', b: ['2', Buffer.from('3')] }, timestamp: '1234' },
      { value: null, timestamp: '1235' },
    )
    const payloads: EachMessagePayload[] = []
    await setup.running(peer, topic, { eachMessage: async (payload) => void payloads.push(payload) })
    await setup.until(() => payloads.length === 2, 'both')
    const [first, second] = payloads as [EachMessagePayload, EachMessagePayload]
    expect(Object.keys(first).sort()).toEqual(['heartbeat', 'message', 'partition', 'pause', 'topic'])
    const { key, value, timestamp, offset, attributes, headers } = first.message
    expect({ key, value, timestamp, offset, attributes, headers }).toEqual({
      key: Buffer.from('k'),
      value: Buffer.from('v'),
      timestamp: '1234',
      offset: '0',
      attributes: 0,
      headers: { a: Buffer.from('1'), b: [Buffer.from('2'), Buffer.from('3')] },
    })
    expect(second.message).toMatchObject({ key: null, value: null, headers: {}, offset: '1' })
    expect(second.message).toMatchObject({ magicByte: 2, isControlRecord: false })
    const copy = { ...first.message, headers: { ...first.message.headers, more: 'text' } }
    expect(copy.value).toBe(first.message.value)
    first.message.headers = {}
    first.message.value = null
    expect(copy.headers).toMatchObject({ a: Buffer.from('1'), more: 'text' })
  })

  test('4: an eachBatch payload has these keys, and a batch these answers', async () => {
    const topic = setup.topic()
    await setup.produce(topic, 'a', 'b', 'c')
    const payloads: EachBatchPayload[] = []
    const answers: unknown[] = []
    await setup.running(peer, topic, {
      eachBatch: async (payload) => {
        payloads.push(payload)
        answers.push(payload.isRunning(), payload.isStale(), await payload.heartbeat())
        answers.push(payload.uncommittedOffsets())
        payload.resolveOffset('1')
        const [resolved] = payload.uncommittedOffsets().topics
        // A text with KafkaJS, against its own declaration.
        answers.push(
          resolved?.topic,
          resolved?.partitions.map((one) => [Number(one.partition), one.offset]),
        )
      },
    })
    await setup.until(() => setup.committed(topic) === 3n, 'the commit')
    const [{ batch, ...helpers }] = payloads as [EachBatchPayload]
    expect(Object.keys(helpers).sort()).toEqual([
      'commitOffsetsIfNecessary',
      'heartbeat',
      'isRunning',
      'isStale',
      'pause',
      'resolveOffset',
      'uncommittedOffsets',
    ])
    expect(answers).toEqual([true, false, undefined, { topics: [] }, topic, [[0, '2']]])
    const { partition, highWatermark, messages } = batch
    expect([batch.topic, partition, highWatermark]).toEqual([topic, 0, '3'])
    expect(messages.map(({ offset, value }) => `${offset} ${String(value)}`)).toEqual(['0 a', '1 b', '2 c'])
    expect([batch.isEmpty(), batch.firstOffset(), batch.lastOffset()]).toEqual([false, '0', '2'])
    expect([batch.offsetLag(), batch.offsetLagLow()]).toEqual(['0', '2'])
    const extras = batch as typeof batch &
      Record<string, unknown> &
      Record<'isEmptyDueToFiltering', () => boolean>
    expect([extras.fetchedOffset, extras.isEmptyDueToFiltering()]).toEqual(['0', false])
    expect(extras.rawMessages).toHaveLength(3)
    expect(extras.messagesWithinOffset).toHaveLength(3)
  })

  test('4: eachMessage counts before eachBatch', async () => {
    const topic = setup.topic()
    await setup.produce(topic, 'a')
    const called: string[] = []
    await setup.running(peer, topic, {
      eachBatch: async () => void called.push('eachBatch'),
      eachMessage: async () => void called.push('eachMessage'),
    })
    await setup.until(() => called.length === 1, 'the call')
    expect(called).toEqual(['eachMessage'])
  })

  test('12.6: handlers are taken when run is called, and the caller’s object is left as it is', async () => {
    const topic = setup.topic()
    await setup.produce(topic, 'a')
    const called: string[] = []
    const config = { eachMessage: async () => void called.push('first') }
    config.eachMessage = async () => void called.push('second')
    await setup.running(peer, topic, Object.freeze({ ...config }))
    config.eachMessage = async () => void called.push('third')
    await setup.until(() => called.length === 1, 'the call')
    expect(called).toEqual(['second'])
  })

  test('4: without a handler nothing is done, and nothing committed', async () => {
    const topic = setup.topic()
    await setup.produce(topic, 'a')
    const started: unknown[] = []
    const consumer = setup.consumer(peer)
    consumer.on(consumer.events.START_BATCH_PROCESS, ({ payload }) => started.push(payload.firstOffset))
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({})
    await setup.until(() => started.length > 0, 'the batch')
    await consumer.stop()
    expect(started[0]).toBe('0')
    expect(setup.committed(topic)).toBeUndefined()
  })

  describe('4: commits', () => {
    const seenBy = (topic: string, seen: (bigint | undefined)[]) => ({
      eachMessage: async () => void seen.push(setup.committed(topic)),
    })

    test('autoCommitThreshold commits within a batch', async () => {
      const topic = setup.topic()
      await setup.produce(topic, 'a', 'b', 'c', 'd')
      const seen: (bigint | undefined)[] = []
      await setup.running(peer, topic, { ...seenBy(topic, seen), autoCommitThreshold: 3 })
      await setup.until(() => setup.committed(topic) === 4n, 'the last commit')
      expect(seen).toEqual([undefined, undefined, undefined, 3n])
    })

    test('autoCommitInterval commits within a batch once it is over', async () => {
      const topic = setup.topic()
      await setup.produce(topic, 'a', 'b', 'c')
      const seen: (bigint | undefined)[] = []
      const pauses = [0, 1100, 0]
      await setup.running(peer, topic, {
        autoCommitInterval: 1000,
        eachMessage: async () => {
          seen.push(setup.committed(topic))
          await new Promise((resolve) => setTimeout(resolve, pauses[seen.length - 1]))
        },
      })
      await setup.until(() => setup.committed(topic) === 3n, 'the last commit')
      expect(seen).toEqual([undefined, undefined, 2n])
    })

    test('autoCommit false commits nothing by itself; commitOffsetsIfNecessary does by the threshold', async () => {
      const topic = setup.topic()
      await setup.produce(topic, 'a', 'b', 'c')
      const seen: unknown[] = []
      await setup.running(peer, topic, {
        autoCommit: false,
        autoCommitThreshold: 2,
        eachBatch: async ({ resolveOffset, commitOffsetsIfNecessary }) => {
          for (const offset of ['0', '1', '2']) {
            resolveOffset(offset)
            await commitOffsetsIfNecessary()
            seen.push(setup.committed(topic))
          }
        },
      })
      await setup.until(() => seen.length === 3, 'the batch')
      expect(seen).toEqual([undefined, 2n, 2n])
    })

    test('commitOffsetsIfNecessary commits the offsets it is given, or all that are resolved', async () => {
      const topic = setup.topic()
      await setup.produce(topic, 'a', 'b', 'c')
      const seen: unknown[] = []
      await setup.running(peer, topic, {
        autoCommit: false,
        eachBatch: async ({ resolveOffset, commitOffsetsIfNecessary, uncommittedOffsets }) => {
          await commitOffsetsIfNecessary()
          seen.push(setup.committed(topic))
          await commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition: 0, offset: '1' }] }] })
          seen.push(setup.committed(topic))
          resolveOffset('1')
          await commitOffsetsIfNecessary({} as never)
          seen.push(setup.committed(topic), uncommittedOffsets())
          await commitOffsetsIfNecessary(uncommittedOffsets())
          seen.push(setup.committed(topic))
        },
      })
      await setup.until(() => seen.length === 5, 'the batch')
      expect(seen).toEqual([undefined, 1n, 2n, { topics: [] }, 2n])
    })

    test('commitOffsets stores offset and metadata; partition may be text, metadata null', async () => {
      const topic = setup.topic(2)
      const consumer = await setup.running(peer, topic, { autoCommit: false, eachMessage: async () => {} })
      const told: unknown[] = []
      consumer.on('consumer.commit_offsets', ({ payload }) => told.push(payload))
      await consumer.commitOffsets([])
      await consumer.commitOffsets([
        { topic, partition: 0, offset: '7', metadata: 'mine' },
        { topic, partition: '1' as never, offset: '8', metadata: null },
      ])
      expect([setup.committed(topic, 0), setup.committed(topic, 1)]).toEqual([7n, 8n])
      expect(told).toHaveLength(1)
      const groupId = `group-${topic.slice(6)}`
      const [stored] = await setup
        .kafka('typed-kafka')
        .admin()
        .fetchOffsets({ groupId, topics: [topic] })
      expect(stored?.partitions.find(({ partition }) => partition === 0)?.metadata).toBe('mine')
    })

    test('eachBatchAutoResolve false: what is not resolved is read again', async () => {
      const topic = setup.topic()
      await setup.produce(topic, 'a', 'b', 'c')
      const seen: string[] = []
      await setup.running(peer, topic, {
        eachBatchAutoResolve: false,
        eachBatch: async ({ batch, resolveOffset }) => {
          seen.push(batch.messages.map(({ value }) => String(value)).join(''))
          resolveOffset(batch.firstOffset() as string)
        },
      })
      await setup.until(() => setup.committed(topic) === 3n, 'the commits')
      expect(seen).toEqual(['abc', 'bc', 'c'])
    })

    test('a transaction’s markers are passed with the last message before them, and tell no lag', async () => {
      const topic = setup.topic()
      const producer = setup.kafka('typed-kafka').producer({ transactionalId: topic, idempotent: true })
      await producer.connect()
      for (const [value, end] of [
        ['aborted', 'abort'],
        ['committed', 'commit'],
      ] as const) {
        const transaction = await producer.transaction()
        await transaction.send({ topic, messages: [{ value }] })
        await transaction[end]()
      }
      const seen: unknown[] = []
      const ends: unknown[] = []
      const consumer = setup.consumer(peer)
      consumer.on('consumer.end_batch_process', ({ payload }) =>
        ends.push(payload.offsetLag, payload.lastOffset),
      )
      await consumer.subscribe({ topics: [topic], fromBeginning: true })
      await consumer.run({
        eachBatchAutoResolve: false,
        eachBatch: async ({ batch, resolveOffset }) => {
          seen.push(
            batch.messages.map(({ value }) => String(value)),
            batch.lastOffset(),
            batch.offsetLag(),
          )
          for (const { offset } of batch.messages) resolveOffset(offset)
        },
      })
      await setup.until(() => setup.committed(topic) === 4n, 'the commit')
      expect(seen).toEqual([['committed'], '3', '0'])
      expect(ends).toEqual(['0', '3'])
      const last = await producer.transaction()
      await last.send({ topic, messages: [{ value: 'aborted' }] })
      await last.abort()
      await producer.disconnect()
      await setup.until(() => ends.length === 4, 'the batch of aborted messages')
      expect([seen.length, ends.slice(2)]).toEqual([3, ['0', '5']])
    })
  })

  describe('4: reading elsewhere, and not at all', () => {
    test('pause ends the batch behind the message that is handled; what it gives resumes', async () => {
      const topic = setup.topic(2)
      await setup.produce(topic, 'a', 'b', { value: 'other', partition: 1 })
      const values: string[] = []
      let resume = (): void => {}
      const consumer = await setup.running(peer, topic, {
        eachMessage: async ({ message, partition, pause }) => {
          values.push(String(message.value))
          if (partition === 0 && values.filter((value) => value !== 'other').length === 1) resume = pause()
        },
      })
      await setup.until(() => setup.committed(topic) === 1n && values.length === 2, 'the pause')
      expect(consumer.paused()).toEqual([{ topic, partitions: [0] }])
      resume()
      await setup.until(() => values.length === 3, 'the rest')
      expect(values.filter((value) => value !== 'other')).toEqual(['a', 'b'])
      expect(consumer.paused()).toEqual([])
    })

    test('pause and resume take topics and partitions; paused tells them in order', async () => {
      const topic = setup.topic(3)
      const consumer = await setup.running(peer, topic, { eachMessage: async () => {} })
      consumer.pause([{ topic }])
      expect(consumer.paused()).toEqual([{ topic, partitions: [0, 1, 2] }])
      consumer.resume([{ topic, partitions: [1] }])
      expect(consumer.paused()).toEqual([{ topic, partitions: [0, 2] }])
      consumer.resume([{ topic }])
      expect(consumer.paused()).toEqual([])
      consumer.pause([{ topic, partitions: [2, 0] }])
      expect(consumer.paused()).toEqual([{ topic, partitions: [0, 2] }])
      await consumer.stop()
      expect(consumer.paused()).toEqual([])
      await consumer.run({ eachMessage: async () => {} })
      expect(consumer.paused()).toEqual([])
    })

    test('seek goes on there; -1 is the end, -2 the beginning; partitions may be text', async () => {
      const topic = setup.topic()
      await setup.produce(topic, 'a', 'b', 'c')
      const values: string[] = []
      const consumer = await setup.running(peer, topic, {
        eachMessage: async ({ message }) => void values.push(String(message.value)),
      })
      await setup.until(() => setup.committed(topic) === 3n, 'all')
      consumer.seek({ topic, partition: 0, offset: '1' })
      await setup.until(() => values.join('') === 'abcbc', 'from the offset')
      consumer.seek({ topic, partition: 0, offset: '-2' })
      await setup.until(() => values.join('') === 'abcbcabc', 'from the beginning')
    })

    test('a seek in the handler ends the batch and makes it stale', async () => {
      const topic = setup.topic()
      await setup.produce(topic, 'a', 'b', 'c')
      const seen: unknown[] = []
      const consumer: Consumer = await setup.running(peer, topic, {
        eachBatch: async ({ batch, isStale }) => {
          seen.push(batch.firstOffset())
          if (seen.length > 1) return
          consumer.seek({ topic, partition: 0, offset: '1' })
          seen.push(isStale())
        },
      })
      await setup.until(() => seen.length === 3, 'the second batch')
      expect(seen).toEqual(['0', true, '1'])
    })

    test('partitionsConsumedConcurrently: 1 handles partitions one after another, 2 side by side', async () => {
      const mostAtOnce = async (partitionsConsumedConcurrently: number): Promise<number> => {
        const topic = setup.topic(2)
        await setup.produce(topic, { value: 'a', partition: 0 }, { value: 'b', partition: 1 })
        let active = 0
        let most = 0
        let done = 0
        await setup.running(peer, topic, {
          partitionsConsumedConcurrently,
          eachMessage: async () => {
            most = Math.max(most, ++active)
            await new Promise((resolve) => setTimeout(resolve, 100))
            active--
            done++
          },
        })
        await setup.until(() => done === 2, 'both')
        return most
      }
      expect([await mostAtOnce(1), await mostAtOnce(2)]).toEqual([1, 2])
    })
  })

  describe('4: subscriptions', () => {
    test('several calls add up; fromBeginning counts for each; the last call for a topic counts', async () => {
      const [one, two, late] = [setup.topic(), setup.topic(), setup.topic()]
      await setup.produce(one, 'one')
      await setup.produce(two, 'two')
      await setup.produce(late, 'before')
      const values: string[] = []
      const consumer = setup.consumer(peer)
      await consumer.connect()
      await consumer.subscribe({ topics: [one, late], fromBeginning: true })
      await consumer.subscribe({ topic: two, fromBeginning: true })
      await consumer.subscribe({ topics: [late] })
      await consumer.run({ eachMessage: async ({ message }) => void values.push(String(message.value)) })
      await setup.until(() => values.length === 2, 'the early ones')
      // The position at the end is looked up before anything is read.
      await setup.produce(late, 'after')
      await setup.until(() => values.length === 3, 'the late one')
      expect(values.sort()).toEqual(['after', 'one', 'two'])
    })

    test('patterns, with their flags, match topics', async () => {
      const topic = setup.topic()
      await setup.produce(topic, 'a')
      const values: string[] = []
      const consumer = setup.consumer(peer)
      await consumer.connect()
      await consumer.subscribe({
        topics: [new RegExp(`^TOPIC-${topic.slice(6)}$`, 'gi'), /^no such topic$/],
        fromBeginning: true,
      })
      await consumer.run({ eachMessage: async ({ message }) => void values.push(String(message.value)) })
      await setup.until(() => values.length === 1, 'the message')
    })

    test('run without any topic is a member of the group all the same', async () => {
      setup.topic()
      const consumer = setup.consumer(peer)
      const joined: InstrumentationEvent<{ memberAssignment: object }>[] = []
      consumer.on('consumer.group_join', (event) => joined.push(event))
      await consumer.connect()
      await consumer.run({ eachMessage: async () => {} })
      expect(joined.map(({ payload }) => payload.memberAssignment)).toEqual([{}])
      const { state, members } = await consumer.describeGroup()
      expect([state, members.length]).toEqual(['Stable', 1])
    })
  })
})
