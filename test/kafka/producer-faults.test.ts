// Guards laws L7, L8, L20 where they are hardest: lost answers, dead and silent connections, brokers that restart, crash
// and freeze, all under load; Java reads the log and judges.
import { setTimeout as delay } from 'node:timers/promises'
import { Admin } from '../../src/admin/admin'
import { silentLogger } from '../../src/base/logger'
import { resolveClusterOptions } from '../../src/cluster/cluster-options'
import { createCluster } from '../../src/cluster/create-cluster'
import { Producer } from '../../src/producer/producer'
import type { ProducerOptions } from '../../src/producer/producer-options'
import { describeEachKafkaCluster } from './support/describe-kafka'
import { runJavaProgram } from './support/java-tools'

const keyCount = 100
const produceKey = 0

interface LoadResult {
  readonly sent: number
  readonly longestStallMs: number
}

describeEachKafkaCluster(
  'the producer under faults',
  { nodes: 3, proxied: true, versions: ['4.3.1'] },
  (kafka) => {
    const openCluster = () =>
      createCluster(
        resolveClusterOptions({ brokers: kafka.bootstrap, logger: silentLogger, requestTimeoutMs: 5000 }),
      )

    const newTopic = async (): Promise<string> => {
      const admin = new Admin(openCluster())
      const name = kafka.uniqueName('faults')
      const configs = { 'min.insync.replicas': '2' }
      await admin.createTopics([{ name, partitions: 6, replicationFactor: 3, configs }])
      await admin.close()
      return name
    }

    /** Sends numbered messages, arrays and single ones, until `faults` is through; each must be acknowledged. */
    const loadDuring = async (
      topic: string,
      faults: () => Promise<void>,
      options?: ProducerOptions,
    ): Promise<LoadResult> => {
      const producer = new Producer(openCluster(), options)
      let isOver = false
      let next = 0
      let lastAcknowledged = performance.now()
      let longestStallMs = 0
      const message = () => {
        const n = next++
        return { key: `key-${n % keyCount}`, value: `${Math.floor(n / keyCount)} ${'.'.repeat(n % 200)}` }
      }
      const caller = async (size: number): Promise<void> => {
        while (!isOver) {
          if (size === 1) await producer.send(topic, message())
          else await producer.send(topic, Array.from({ length: size }, message))
          const now = performance.now()
          longestStallMs = Math.max(longestStallMs, now - lastAcknowledged)
          lastAcknowledged = now
          await delay(1)
        }
      }
      const callers = Promise.all([1, 1, 1, 10, 10, 50, 50].map(caller))
      await Promise.race([faults(), callers])
      isOver = true
      await callers
      await producer.close()
      expect(producer.bufferedBytes).toBe(0)
      return { sent: next, longestStallMs }
    }

    const audit = async (topic: string, sent: number): Promise<void> => {
      const printed = await runJavaProgram('4.3.1', 'tools/java/LogAudit.java', [
        kafka.bootstrap.join(','),
        topic,
      ])
      expect(JSON.parse(printed)).toEqual({
        records: sent,
        keys: keyCount,
        numbers: sent,
        duplicates: 0,
        holes: 0,
        movedKeys: 0,
        first: '',
      })
    }

    it('P1 P4 L8: a hundred lost Produce answers leave no duplicate, no hole and the order', async () => {
      const topic = await newTopic()
      const { sent } = await loadDuring(topic, async () => {
        for (let i = 0; i < 100; i++) {
          const proxy = kafka.proxies[i % 3]
          await proxy?.loseNextResponse(produceKey)
          await delay(5)
        }
      })
      await audit(topic, sent)
    }, 120_000)

    it('L5 L8: connections cut at any moment leave no duplicate, no hole and the order', async () => {
      const topic = await newTopic()
      const { sent } = await loadDuring(
        topic,
        async () => {
          for (let i = 0; i < 100; i++) {
            kafka.proxies[i % 3]?.cut()
            await delay((i * 7) % 90)
          }
        },
        { batchSizeBytes: 1024 },
      )
      await audit(topic, sent)
    }, 120_000)

    it('P11 L20: a broker that falls silent is given up after the request timeout; nothing is lost or doubled', async () => {
      const topic = await newTopic()
      const { sent } = await loadDuring(
        topic,
        async () => {
          for (const proxy of kafka.proxies.slice(0, 2)) {
            proxy.freeze()
            await delay(2500)
            await proxy.heal()
            await delay(500)
          }
        },
        { requestTimeoutMs: 1000 },
      )
      await audit(topic, sent)
    }, 120_000)

    it('L7 L8 L20: a restart and a crash of brokers are survived, at the pace of their failover', async () => {
      const topic = await newTopic()
      const { sent, longestStallMs } = await loadDuring(topic, async () => {
        await delay(500)
        await kafka.node(2).stop()
        await delay(500)
        await kafka.node(2).start()
        await delay(2000)
        await kafka.node(3).kill()
        await delay(500)
        await kafka.node(3).start()
        await delay(2000)
      })
      await audit(topic, sent)
      // A crashed broker is noticed by its session's end, 9 s by default.
      expect(longestStallMs).toBeLessThan(20_000)
    }, 180_000)
  },
)
