// Guards how a consumer begins, fails, starts again and ends: each case runs on KafkaJS too, with the same outcome.
import type { LogEntry } from '../../../src/kafkajs'
import { lifeOf, passing, peerNames, TwoClients } from './two-clients'

const setup = new TwoClients()

describe.each(peerNames)('%s', (peer) => {
  test('4, 7: connect, run, stop and disconnect are told in this order; run connects again', async () => {
    const topic = setup.topic()
    const consumer = setup.consumer(peer)
    const told = lifeOf(consumer)
    await consumer.connect()
    await consumer.subscribe({ topics: [topic] })
    await consumer.run({ eachMessage: async () => {} })
    expect(told).toEqual(['CONNECT', 'CONNECT', 'GROUP_JOIN'])
    await Promise.all([consumer.stop(), consumer.stop()])
    await consumer.stop()
    expect(told.slice(3)).toEqual(['STOP'])
    await consumer.run({ eachMessage: async () => {} })
    await consumer.disconnect()
    expect(told.slice(4)).toEqual(['CONNECT', 'GROUP_JOIN', 'STOP', 'DISCONNECT'])
  })

  test('4: a second run is only warned of', async () => {
    const topic = setup.topic()
    const entries: LogEntry[] = []
    const kafka = setup.kafka(peer, { logLevel: 4, logCreator: () => (entry) => void entries.push(entry) })
    const consumer = setup.consumer(peer, {}, kafka)
    const told = lifeOf(consumer)
    await consumer.connect()
    await consumer.subscribe({ topics: [topic] })
    await Promise.all([consumer.run({ eachMessage: async () => {} }), consumer.run()])
    expect(told).toEqual(['CONNECT', 'CONNECT', 'GROUP_JOIN'])
    await consumer.stop()
    const groupId = `group-${topic.slice(6)}`
    const said = entries.map(({ namespace, label, log }) => [namespace, label, log.message, log.groupId])
    expect(said).toEqual(
      expect.arrayContaining([
        ['Consumer', 'INFO', 'Starting', groupId],
        ['Consumer', 'WARN', 'consumer#run was called, but the consumer is already running', groupId],
        ['ConsumerGroup', 'INFO', 'Consumer has joined the group', groupId],
        ['Consumer', 'INFO', 'Stopped', groupId],
      ]),
    )
  })

  test('4: run need not be waited for: a seek and a pause may come before the join', async () => {
    const topic = setup.topic(2)
    await setup.produce(topic, 'a', 'b', 'c', { value: 'other', partition: 1 })
    const values: string[] = []
    const consumer = setup.consumer(peer)
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    const running = consumer.run({
      eachMessage: async ({ message }) => void values.push(String(message.value)),
    })
    consumer.seek({ topic, partition: 0, offset: '2' })
    consumer.pause([{ topic, partitions: [1] }])
    await running
    await setup.until(() => values.length === 1, 'the message')
    expect([values, consumer.paused()]).toEqual([['c'], [{ topic, partitions: [1] }]])
  })

  test('4: subscribe again after stop; the group goes on where it was', async () => {
    const [one, two] = [setup.topic(), setup.topic()]
    await setup.produce(one, 'a')
    await setup.produce(two, 'two')
    const values: string[] = []
    const eachMessage = async ({ message }: { message: { value: Buffer | null } }) =>
      void values.push(String(message.value))
    const consumer = setup.consumer(peer)
    await consumer.connect()
    await consumer.subscribe({ topics: [one], fromBeginning: true })
    await consumer.run({ eachMessage })
    await setup.until(() => values.length === 1, 'the first')
    await consumer.stop()
    await setup.produce(one, 'b')
    await consumer.subscribe({ topics: [two], fromBeginning: true })
    await consumer.run({ eachMessage })
    await setup.until(() => values.length === 3, 'the others')
    expect(values.sort()).toEqual(['a', 'b', 'two'])
  })

  test('4: stop waits for the handler, commits what it did, and hands out nothing more', async () => {
    const topic = setup.topic()
    await setup.produce(topic, 'a', 'b', 'c')
    const values: string[] = []
    let finish = (): void => {}
    const consumer = await setup.running(peer, topic, {
      eachMessage: async ({ message }) => {
        values.push(String(message.value))
        await new Promise<void>((resolve) => (finish = resolve))
      },
    })
    await setup.until(() => values.length === 1, 'the handler')
    let hasStopped = false
    const stopping = consumer.stop().then(() => (hasStopped = true))
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(hasStopped).toBe(false)
    finish()
    await stopping
    expect([values, setup.committed(topic)]).toEqual([['a'], 1n])
  })

  test('4: isRunning is false once the consumer stops', async () => {
    const topic = setup.topic()
    await setup.produce(topic, 'a')
    const seen: boolean[] = []
    const consumer = await setup.running(peer, topic, {
      eachBatch: async ({ isRunning }) => {
        seen.push(isRunning())
        while (isRunning()) await new Promise((resolve) => setTimeout(resolve, 10))
        seen.push(isRunning())
      },
    })
    await setup.until(() => seen.length === 1, 'the handler')
    await consumer.stop()
    expect(seen).toEqual([true, false])
  })

  describe('4: what a handler fails at', () => {
    test('is logged with its place, unless it is an error of KafkaJS, and handed out again', async () => {
      const topic = setup.topic()
      await setup.produce(topic, 'a', 'b')
      const entries: LogEntry[] = []
      const kafka = setup.kafka(peer, { logLevel: 1, logCreator: () => (entry) => void entries.push(entry) })
      const consumer = setup.consumer(peer, {}, kafka)
      await consumer.subscribe({ topics: [topic], fromBeginning: true })
      const failure = passing('once')
      const values: string[] = []
      await consumer.run({
        eachMessage: async ({ message, heartbeat }) => {
          values.push(String(message.value))
          await heartbeat()
          if (values.length === 2) throw failure
        },
      })
      await setup.until(() => setup.committed(topic) === 2n, 'both')
      expect(values).toEqual(['a', 'b', 'b'])
      const [entry] = entries.filter(({ namespace }) => namespace === 'Runner')
      expect(entry).toMatchObject({
        namespace: 'Runner',
        label: 'ERROR',
        log: {
          logger: 'kafkajs',
          message: 'Error when calling eachMessage',
          topic,
          partition: 0,
          offset: '1',
          error: failure,
          stack: failure.stack,
        },
      })
    })

    test('of a batch is handed out again from what was resolved, which is committed first', async () => {
      const topic = setup.topic()
      await setup.produce(topic, 'a', 'b', 'c')
      const seen: unknown[] = []
      await setup.running(peer, topic, {
        eachBatch: async ({ batch, resolveOffset }) => {
          seen.push(batch.messages.map(({ value }) => String(value)).join(''), setup.committed(topic))
          if (seen.length > 2) return
          resolveOffset('0')
          throw passing('once')
        },
      })
      await setup.until(() => setup.committed(topic) === 3n, 'all')
      expect(seen).toEqual(['abc', undefined, 'bc', 1n])
    })
  })

  test('4: describeGroup tells state and members; a group that is not there is Dead', async () => {
    const topic = setup.topic()
    const consumer = setup.consumer(peer)
    await consumer.connect()
    await consumer.subscribe({ topics: [topic] })
    expect(await consumer.describeGroup()).toEqual({
      errorCode: 0,
      groupId: `group-${topic.slice(6)}`,
      state: 'Dead',
      protocol: '',
      protocolType: '',
      members: [],
    })
    await consumer.run({ eachMessage: async () => {} })
    const { members, ...group } = await consumer.describeGroup()
    expect(group).toMatchObject({ state: 'Stable', protocolType: 'consumer' })
    expect(members).toEqual([
      {
        memberId: expect.stringContaining('kafkajs') as string,
        clientId: 'kafkajs',
        clientHost: expect.any(String) as string,
        memberMetadata: expect.any(Buffer) as Buffer,
        memberAssignment: expect.any(Buffer) as Buffer,
      },
    ])
    await consumer.stop()
    expect((await consumer.describeGroup()).members).toEqual([])
  })

  test('12.4: methods need no consumer before them, and are not called by one another', async () => {
    const topic = setup.topic()
    await setup.produce(topic, 'a')
    const consumer = setup.consumer(peer)
    const { connect, subscribe, run, stop, disconnect, pause, resume, paused, seek, commitOffsets } = consumer
    const never = () => {
      throw new Error('called through the public property')
    }
    const replaced = { connect: never, stop: never, disconnect: never, pause: never, resume: never }
    Object.assign(consumer, replaced, { seek: never, commitOffsets: never, subscribe: never })
    let done = 0
    await connect()
    await subscribe({ topics: [topic], fromBeginning: true })
    await run({ eachMessage: async () => void done++ })
    await setup.until(() => done === 1, 'the message')
    pause([{ topic }])
    expect(paused()).toHaveLength(1)
    seek({ topic, partition: 0, offset: '0' })
    await commitOffsets([{ topic, partition: 0, offset: '0' }])
    resume([{ topic }])
    await setup.until(() => done === 2, 'the message again')
    await stop()
    await disconnect()
    Object.assign(consumer, { stop, disconnect })
  })
})
