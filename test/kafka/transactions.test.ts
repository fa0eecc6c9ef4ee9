// Guards transactions against real coordinators, in both protocols: what is visible is judged by Java's consumer, and a producer that was taken over or timed out stays out.
import { setTimeout as delay } from 'node:timers/promises'
import { FencedError, Kafka, type Producer, type ProducerOptions } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { describeEachKafkaCluster } from './support/describe-kafka'
import { consoleTools, runKafkaTool } from './support/java-tools'
import { rejectionOf } from '../support/rejection'

jest.setTimeout(60_000)

describeEachKafkaCluster(
  'transactions',
  {
    nodes: 1,
    proxied: true,
    // Kafka looks for transactions that timed out every ten seconds.
    brokerConfig: { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': '200' },
  },
  (target) => {
    let kafka: Kafka
    const open: { close(): Promise<void> }[] = []
    /** What readers of read_committed are to see in the end, by topic. */
    const expected = new Map<string, string[]>()

    beforeAll(() => void (kafka = new Kafka({ brokers: target.bootstrap, logger: silentLogger })))
    afterEach(async () => {
      await Promise.all(open.splice(0).map((client) => client.close()))
    })

    async function newTopic(partitions = 1): Promise<string> {
      const name = target.uniqueName('transactions')
      const admin = kafka.admin()
      await admin.createTopics([{ name, partitions, replicationFactor: 1 }])
      await admin.close()
      expected.set(name, [])
      return name
    }

    function producerOf(transactionalId: string, options: ProducerOptions = {}, client = kafka): Producer {
      const producer = client.producer({ transactionalId, ...options })
      open.push(producer)
      return producer
    }

    /** Of `transaction.version`, as a new cluster has it. */
    const hasLevel2 = () => target.version.startsWith('4')
    const isCommitted = (topic: string, ...values: string[]) => void expected.get(topic)?.push(...values)

    /** What the coordinator knows, as Kafka's own tool says. */
    async function describe(transactionalId: string): Promise<{ state: string; epoch: number }> {
      const tool = 'org.apache.kafka.tools.TransactionsCommand'
      const args = ['--bootstrap-server', target.bootstrap.join(), 'describe', '--transactional-id']
      const output = await runKafkaTool(target.version, tool, [...args, transactionalId])
      const [names, values] = output
        .trim()
        .split('\n')
        .slice(-2)
        .map((line) => line.trim().split(/\s+/)) as [string[], string[]]
      const valueOf = (name: string) => values[names.indexOf(name)] ?? ''
      return { state: valueOf('TransactionState'), epoch: Number(valueOf('ProducerEpoch')) }
    }

    async function setTransactionVersion(direction: 'upgrade' | 'downgrade', level: number): Promise<void> {
      const args = ['--bootstrap-server', target.bootstrap.join(), direction]
      const feature = `transaction.version=${level}`
      await runKafkaTool(target.version, 'org.apache.kafka.tools.FeatureCommand', [
        ...args,
        '--feature',
        feature,
      ])
    }

    /** Commits and aborts, two producers at once; both keep their own order. */
    async function interleaved(topic: string, name: string): Promise<void> {
      await Promise.all(
        [0, 1].map(async (partition) => {
          const producer = producerOf(target.uniqueName(name))
          for (let i = 0; i < 6; i++) {
            const values = [`${name}-${partition}-${i}a`, `${name}-${partition}-${i}b`]
            const tx = await producer.beginTransaction()
            await Promise.all(values.map((value) => tx.send(topic, { partition, value })))
            if (i % 2 === 0) {
              await tx.commit()
              isCommitted(topic, ...values)
            } else await tx.abort()
          }
        }),
      )
    }

    it('T2 T7: commits and aborts of two producers', async () => {
      await interleaved(await newTopic(2), 'interleaved')
    })

    it('T4 X2: a hundred transactions one right after the other', async () => {
      const topic = await newTopic(3)
      const producer = producerOf(target.uniqueName('tight'))
      for (let i = 0; i < 100; i++) {
        await producer.transaction((tx) => tx.send(topic, { partition: i % 3, value: `t${i}` }))
        isCommitted(topic, `t${i}`)
      }
    })

    it('T1: whoever takes over a transactional id fences the one before, for good', async () => {
      const topic = await newTopic()
      const id = target.uniqueName('fenced')
      const old = producerOf(id)
      const tx = await old.beginTransaction()
      await tx.send(topic, { value: 'zombie' })
      await producerOf(id).transaction((newer) => newer.send(topic, { value: 'newer' }))
      isCommitted(topic, 'newer')
      expect(await rejectionOf(tx.commit())).toBeInstanceOf(FencedError)
      expect(await rejectionOf(old.beginTransaction())).toBeInstanceOf(FencedError)
    })

    it('T1: a batch of a fenced producer is refused, and the abort that follows says why', async () => {
      const topic = await newTopic()
      const id = target.uniqueName('fenced-batch')
      const old = producerOf(id)
      const tx = await old.beginTransaction()
      await tx.send(topic, { value: 'zombie 1' })
      await producerOf(id).connect()
      const { code } = await rejectionOf(tx.send(topic, { value: 'zombie 2' }))
      expect(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'INVALID_TXN_STATE']).toContain(code)
      expect(await rejectionOf(tx.abort())).toBeInstanceOf(FencedError)
    })

    it('T6 P4: lost answers to batches and ends change nothing: each is asked for again, and happens once', async () => {
      const topic = await newTopic()
      const producer = producerOf(target.uniqueName('lost'))
      const [proxy] = target.proxies
      const endTxn = 26
      const produce = 0
      for (let i = 0; i < 6; i++) {
        const tx = await producer.beginTransaction()
        const isLost = proxy?.loseNextResponse(i % 3 === 0 ? produce : endTxn)
        await tx.send(topic, { value: `lost ${i}` })
        if (i % 2 === 0) {
          await tx.commit()
          isCommitted(topic, `lost ${i}`)
        } else await tx.abort()
        await isLost
      }
    })

    it('T10: a transaction that takes too long is aborted by the broker, and its producer learns it', async () => {
      const topic = await newTopic()
      const id = target.uniqueName('slow')
      // Long enough for the message to arrive on a busy machine.
      const producer = producerOf(id, { transactionTimeoutMs: 3_000 })
      const tx = await producer.beginTransaction()
      await tx.send(topic, { value: 'too slow' })
      const end = Date.now() + 20_000
      while ((await describe(id)).state !== 'CompleteAbort') {
        if (Date.now() > end) throw new Error('The broker did not end the transaction')
      }
      // Level 2 takes a number below the coordinator's by one for that of a repetition, and the commit for a mistake.
      expect((await rejectionOf(tx.commit())).code).toBe(
        hasLevel2() ? 'INVALID_TXN_STATE' : 'PRODUCER_FENCED',
      )
      expect(await rejectionOf(producer.beginTransaction())).toBeDefined()
      await producerOf(id).transaction((next) => next.send(topic, { value: 'in time' }))
      isCommitted(topic, 'in time')
    })

    it('T10: a timeout above the maximum of the broker is refused', async () => {
      const producer = producerOf(target.uniqueName('long'), { transactionTimeoutMs: 900_001 })
      expect(await rejectionOf(producer.beginTransaction())).toMatchObject({
        code: 'INVALID_TRANSACTION_TIMEOUT',
      })
    })

    it('T9: offsets of a member of a group count with the commit; those of one that has left end in an abort', async () => {
      const input = await newTopic()
      const output = await newTopic()
      await using plain = kafka.producer()
      await plain.send(
        input,
        ['a', 'b', 'c'].map((value) => ({ value })),
      )
      isCommitted(input, 'a', 'b', 'c')
      const groupId = target.uniqueName('copiers')
      const consumer = kafka.consumer({ groupId, topics: [input], startFrom: 'earliest', autoCommit: false })
      const producer = producerOf(target.uniqueName('copier'))
      const done = new AbortController()
      let group = consumer.groupMetadata()
      await consumer.run(
        async (message) => {
          group = consumer.groupMetadata()
          await producer.transaction(async (tx) => {
            await tx.send(output, { value: message.rawValue })
            await tx.sendOffsets([{ topic: input, partition: 0, offset: message.offset + 1n }], group)
          })
          isCommitted(output, String(message.rawValue))
          if (message.offset === 2n) done.abort()
        },
        { signal: done.signal },
      )
      await consumer.close()
      expect(group.memberId).not.toBe('')
      await using admin = kafka.admin()
      const committed = async () => {
        const [offsets] = await admin.listGroupOffsets([{ groupId }], { requireStable: true })
        return offsets?.offsets.map(({ offset }) => offset)
      }
      expect(await committed()).toEqual([3n])
      const late = producer.transaction(async (tx) => {
        await tx.send(output, { value: 'again' })
        await tx.sendOffsets([{ topic: input, partition: 0, offset: 1n }], group)
      })
      expect((await rejectionOf(late)).code).toMatch(/^(UNKNOWN_MEMBER_ID|ILLEGAL_GENERATION)$/)
      expect(await committed()).toEqual([3n])
    })

    it('T3 X1: the epoch rises with every end where the brokers have transaction.version 2, and only there', async () => {
      const topic = await newTopic()
      const runThree = async (producer: Producer, name: string) => {
        for (let i = 0; i < 3; i++) {
          await producer.transaction((tx) => tx.send(topic, { value: `${name}${i}` }))
          isCommitted(topic, `${name}${i}`)
        }
      }
      const id = target.uniqueName('protocol')
      await runThree(producerOf(id), 'as it is ')
      const { epoch } = await describe(id)
      if (!hasLevel2()) return expect(epoch).toBe(0)
      expect(epoch).toBeGreaterThanOrEqual(3)

      await setTransactionVersion('downgrade', 1)
      // Short idleness makes it learn the features anew.
      const options = { brokers: target.bootstrap, logger: silentLogger, connectionsMaxIdleMs: 300 }
      const through = producerOf(target.uniqueName('through'), {}, new Kafka(options))
      const throughId = through.options.transactionalId ?? ''
      await runThree(through, 'level 1 ')
      expect((await describe(throughId)).epoch).toBe(0)

      await setTransactionVersion('upgrade', 2)
      await delay(1000)
      await runThree(through, 'level 2 ')
      await runThree(through, 'level 2 again ')
      expect((await describe(throughId)).epoch).toBeGreaterThanOrEqual(3)
    })

    it("T11: Java's consumer sees in read_committed what was committed, and nothing else", async () => {
      const tools = consoleTools(target.version)
      const topics = [...expected.keys()]
      const output = await runKafkaTool(target.version, tools.consumer, [
        ...['--bootstrap-server', target.bootstrap.join(), '--include', topics.join('|'), '--from-beginning'],
        ...['--isolation-level', 'read_committed', '--timeout-ms', '4000'],
        ...[tools.consumerProperty, 'print.partition=true'],
        ...[tools.consumerConfig, 'max.poll.records=10000'],
      ])
      const seen = output
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.split('\t').at(-1))
      expect(seen.sort()).toEqual([...expected.values()].flat().sort())
    })
  },
)
