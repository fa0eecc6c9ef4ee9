// Guards what only real brokers can judge: that they, and Java's consumer, take what the producer writes as it was meant.
import { randomBytes } from 'node:crypto'
import { Admin } from '../../src/admin/admin'
import { silentLogger } from '../../src/base/logger'
import { resolveClusterOptions } from '../../src/cluster/cluster-options'
import { createCluster } from '../../src/cluster/create-cluster'
import { ProduceError } from '../../src/producer/produce-error'
import { Producer } from '../../src/producer/producer'
import type { ProducerOptions } from '../../src/producer/producer-options'
import { codecNamed } from '../../src/wire/records/compression/codecs'
import { describeEachKafka } from './support/describe-kafka'
import { consoleTools, runJavaProgram, runKafkaTool } from './support/java-tools'

describeEachKafka('the producer', (kafka) => {
  const open: Producer[] = []
  let admin: Admin

  const cluster = () =>
    createCluster(resolveClusterOptions({ brokers: kafka.bootstrap, logger: silentLogger }))
  const openProducer = (options?: ProducerOptions): Producer => {
    const producer = new Producer(cluster(), options)
    open.push(producer)
    return producer
  }
  const newTopic = async (partitions = 1, configs: Record<string, string> = {}): Promise<string> => {
    const name = kafka.uniqueName('producer')
    await admin.createTopics([{ name, partitions, replicationFactor: 1, configs }])
    return name
  }
  /** What Java's console consumer prints of a topic, line by line. */
  const readWithJava = async (topic: string, count: number): Promise<string[]> => {
    const tools = consoleTools(kafka.version)
    const shown = ['timestamp', 'partition', 'offset', 'headers', 'key', 'value']
    const output = await runKafkaTool(kafka.version, tools.consumer, [
      ...['--bootstrap-server', kafka.bootstrap.join(','), '--topic', topic, '--from-beginning'],
      ...['--max-messages', String(count), '--timeout-ms', '20000'],
      ...shown.flatMap((part) => [tools.consumerProperty, `print.${part}=true`]),
    ])
    return output.split('\n').filter((line) => line !== '')
  }

  beforeAll(() => void (admin = new Admin(cluster())))
  afterEach(async () => {
    for (const producer of open.splice(0)) await producer.close()
  })
  afterAll(() => admin.close())

  it('P2: a thousand un-awaited sends to one partition get the offsets 0 to 999 in their order', async () => {
    const topic = await newTopic()
    const producer = openProducer()
    const receipts = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => producer.send(topic, { value: `v${i}` })),
    )
    expect(receipts.map((receipt) => Number(receipt.offset))).toEqual(receipts.map((_, i) => i))
    const lines = await readWithJava(topic, 1000)
    expect(lines.map((line) => line.split('\t').at(-1))).toEqual(receipts.map((_, i) => `v${i}`))
    expect(producer.bufferedBytes).toBe(0)
  }, 60_000)

  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
    "Java's console consumer reads keys, headers, timestamps and values written with %s",
    async (compression) => {
      const problem = codecNamed(compression)?.compressionProblem?.()
      if (problem !== undefined) {
        expect(() => openProducer({ compression })).toThrow(problem)
        return
      }
      const topic = await newTopic()
      const producer = openProducer({ compression })
      const long = 'lorem ipsum dolor sit amet '.repeat(400)
      const messages = Array.from({ length: 200 }, (_, i) => ({
        key: i % 3 === 0 ? null : `key-${i}`,
        value: `${i} ${i % 50 === 0 ? long : 'åäö 😀'}`,
        headers: { n: String(i), twice: ['a', Buffer.from('b')], nothing: null },
        timestamp: 1_700_000_000_000 + i,
      }))
      await producer.send(topic, messages)
      expect(await readWithJava(topic, messages.length)).toEqual(
        messages.map(
          ({ key, value }, i) =>
            `CreateTime:${1_700_000_000_000 + i}\tPartition:0\tOffset:${i}\tn:${i},twice:a,twice:b,nothing:null\t${key}\t${value}`,
        ),
      )
    },
    60_000,
  )

  it('P16: random keys go to the partitions the Java producer puts them in', async () => {
    const topic = await newTopic(7)
    const keys = Array.from({ length: 500 }, (_, i) => randomBytes(i % 40))
    const java = await runJavaProgram(
      kafka.version,
      'tools/java/ProducerPlacement.java',
      [kafka.bootstrap.join(','), topic],
      { stdin: keys.map((key) => `${key.toString('base64')}\n`).join('') },
    )
    const ours = await openProducer().send(
      topic,
      keys.map((key) => ({ key, value: 'v' })),
    )
    expect(ours.map((receipt) => receipt.partition)).toEqual(java.trim().split('\n').map(Number))
  }, 60_000)

  it.each([0, 1, 'all'] as const)(
    'P10: messages sent with acks %p are in the log, in order',
    async (acks) => {
      const topic = await newTopic()
      const producer = openProducer({ acks })
      const sent = []
      for (let i = 0; i < 300; i++) {
        sent.push(producer.send(topic, { value: `v${i}` }))
        if (i % 50 === 0) await sent.at(-1)
      }
      const receipts = await Promise.all(sent)
      expect(receipts.map((receipt) => Number(receipt.offset))).toEqual(
        receipts.map((_, i) => (acks === 0 ? -1 : i)),
      )
      const lines = await readWithJava(topic, 300)
      expect(lines.map((line) => line.split('\t').at(-1))).toEqual(receipts.map((_, i) => `v${i}`))
    },
    60_000,
  )

  it('P9: batches beyond the topic’s limit are split until they fit, and a message beyond it is named', async () => {
    const topic = await newTopic(1, { 'max.message.bytes': '2048' })
    const producer = openProducer({ batchSizeBytes: 65_536 })
    const receipts = await producer.send(
      topic,
      Array.from({ length: 500 }, (_, i) => ({ value: `${i} ${randomBytes(50).toString('hex')}` })),
    )
    expect(receipts.map((receipt) => Number(receipt.offset))).toEqual(receipts.map((_, i) => i))
    await expect(producer.send(topic, { value: randomBytes(3000) })).rejects.toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
      maybeStored: false,
    })
    expect(await producer.send(topic, { value: 'after' })).toMatchObject({ offset: 500n })
  }, 60_000)

  it('P21: a message without a key in a compacted topic is refused alone, with the broker’s words', async () => {
    const topic = await newTopic(1, { 'cleanup.policy': 'compact' })
    const producer = openProducer()
    const sent = producer.send(topic, [{ key: 'a', value: '1' }, { value: '2' }, { key: 'c', value: '3' }])
    const error = await sent.then(
      () => undefined,
      (caught: unknown) => caught as ProduceError,
    )
    expect(error).toBeInstanceOf(ProduceError)
    const codes = error?.results?.map((result) => (result as ProduceError).code)
    expect(codes).toEqual(['BATCH_REJECTED', 'INVALID_RECORD', 'BATCH_REJECTED'])
    expect(await producer.send(topic, { key: 'a', value: '1' })).toMatchObject({ offset: 0n })
  }, 60_000)

  it('P21: the broker’s time is in the receipts of a topic with log append time', async () => {
    const topic = await newTopic(1, { 'message.timestamp.type': 'LogAppendTime' })
    const before = Date.now()
    const receipt = await openProducer().send(topic, { value: 'v', timestamp: 5 })
    expect(receipt.timestamp).toBeGreaterThanOrEqual(before)
  }, 60_000)

  it('P8: a topic that does not exist and is not to be created ends in an error that names it', async () => {
    const topic = kafka.uniqueName('missing')
    const producer = openProducer({ allowAutoTopicCreation: false, maxBlockMs: 500 })
    await expect(producer.send(topic, { value: 'v' })).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC_OR_PARTITION',
      context: { topic },
    })
  }, 60_000)

  it('P14: a topic deleted and created again under load is written to without a pause for good', async () => {
    const topic = await newTopic()
    const producer = openProducer()
    let stop = false
    let sent = 0
    const load = (async () => {
      while (!stop) {
        await producer.send(topic, { value: `v${sent}`, partition: 0 })
        sent++
      }
    })()
    for (let i = 0; i < 3; i++) {
      const target = sent + 50
      while (sent < target) await new Promise((resolve) => setTimeout(resolve, 10))
      await admin.deleteTopics([topic])
      await admin.createTopics([{ name: topic, partitions: 1, replicationFactor: 1 }])
    }
    const target = sent + 50
    while (sent < target) await new Promise((resolve) => setTimeout(resolve, 10))
    stop = true
    await load
  }, 60_000)

  it('P18: partitions added to a topic can be written to', async () => {
    const topic = await newTopic(1)
    const producer = openProducer()
    await producer.send(topic, { value: 'v' })
    const waiting = producer.send(topic, { value: 'w', partition: 2 })
    await admin.createPartitions([{ topic, totalCount: 3 }])
    expect(await waiting).toMatchObject({ partition: 2, offset: 0n })
  }, 60_000)
})
