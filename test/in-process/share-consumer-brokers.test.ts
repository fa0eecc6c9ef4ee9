// Guards share consumers against brokers that come, go, freeze and pass their partitions on: nothing may be lost, and
// nothing accepted may come again. Limits of what is held, damage in logs, and markers in between are here too.
import type { AcknowledgementResult } from '../../src'
import { deliveryOf, SharedTopic } from './support/share-simulation'

const failuresOf = (results: readonly AcknowledgementResult[]) =>
  results.flatMap(({ error, ranges }) =>
    error === undefined ? [] : ranges.map(({ firstOffset }) => `${error.code} ${firstOffset}`),
  )

describe('a partition that another broker leads', () => {
  it('S3: has its acknowledgements fail, not sent to anybody, and its messages delivered again', () =>
    SharedTopic.run(
      async (shared) => {
        const { cluster } = shared.sim
        await shared.produce(['v0', 'v1'])
        const told: AcknowledgementResult[] = []
        const consumer = shared.consumer({
          acknowledgementMode: 'explicit',
          onAcknowledged: (some) => told.push(...some),
        })
        const seen: string[] = []
        for await (const message of consumer) {
          seen.push(deliveryOf(message))
          if (seen.length === 1) {
            const { leaderId } = cluster.partition('orders', 0)
            cluster.moveLeader('orders', 0, leaderId === 1 ? 2 : 1)
            await shared.sim.sleep(1_000)
            message.acknowledge('accept')
            expect(failuresOf(await consumer.commit())).toEqual(['NOT_LEADER_OR_FOLLOWER 0'])
          } else {
            message.acknowledge('accept')
            if (seen.length === 3) void consumer.stop()
          }
        }
        await consumer.close()
        // Locks, and the deliveries that go with them, are nowhere written: the new leader knows of none.
        expect(seen).toEqual(['v0×1', 'v0×1', 'v1×1'])
        expect(failuresOf(told)).toEqual(['NOT_LEADER_OR_FOLLOWER 0'])
      },
      { brokers: 3 },
    ))

  it('S3: is found by the hint in the answer, without a look at metadata', () =>
    SharedTopic.run(
      async (shared) => {
        const { cluster } = shared.sim
        await shared.produce(['v0'])
        const consumer = shared.consumer()
        const seen: string[] = []
        const run = consumer.run((message) => {
          seen.push(deliveryOf(message))
          if (seen.length === 2) void consumer.stop()
        })
        await shared.until(() => seen.length === 1)
        await shared.sim.sleep(2_000)
        const { leaderId } = cluster.partition('orders', 0)
        cluster.requests.clear()
        const forbid = cluster.on('Metadata', (_request, exchange) => exchange.drop())
        cluster.moveLeader('orders', 0, leaderId === 1 ? 2 : 1)
        await shared.sim.sleep(3_000)
        forbid()
        await shared.produce(['v1'])
        await run
        await consumer.close()
        expect(seen).toEqual(['v0×1', 'v1×1'])
      },
      { brokers: 3 },
    ))

  it('S3: is not handed out from a late answer of its old leader, whose locks are over', () =>
    SharedTopic.run(
      async (shared) => {
        const { cluster } = shared.sim
        let isAnswered = false
        cluster.on(
          'ShareFetch',
          async (_request, exchange) => {
            await exchange.proceed()
            isAnswered = true
            await exchange.delay(4_000)
          },
          { times: 1 },
        )
        await shared.produce(['v0', 'v1'])
        const consumer = shared.consumer()
        const seen: string[] = []
        const run = consumer.run((message) => void seen.push(deliveryOf(message)))
        await shared.until(() => isAnswered)
        const { leaderId } = cluster.partition('orders', 0)
        cluster.moveLeader('orders', 0, leaderId === 1 ? 2 : 1)
        await shared.until(() => seen.length === 2)
        await shared.sim.sleep(20_000)
        await consumer.close()
        await run
        expect(seen).toEqual(['v0×1', 'v1×1'])
      },
      { brokers: 3 },
    ))

  it('is read on while its old leader is frozen', () =>
    SharedTopic.run(
      async (shared) => {
        const { cluster } = shared.sim
        const consumer = shared.consumer()
        const seen: string[] = []
        const run = consumer.run((message) => {
          seen.push(deliveryOf(message))
          if (seen.length === 20) void consumer.stop()
        })
        for (let i = 0; i < 10; i++) await shared.produce([`v${i}`])
        await shared.until(() => seen.length === 10)
        await shared.sim.sleep(1_000)
        cluster.pauseBroker(cluster.partition('orders', 0).leaderId)
        const frozenAt = shared.sim.now
        for (let i = 10; i < 20; i++) await shared.produce([`v${i}`])
        await run
        expect(shared.sim.now - frozenAt).toBeLessThan(15_000)
        await consumer.close({ timeoutMs: 2_000 })
        expect(seen).toHaveLength(20)
        expect(new Set(seen).size).toBe(20)
      },
      { brokers: 3 },
    ))
})

describe('a broker', () => {
  it('that is stopped and started again is read on, and what was accepted stays accepted', () =>
    SharedTopic.run(async (shared) => {
      const { cluster } = shared.sim
      await shared.produce(['v0', 'v1'])
      const consumer = shared.consumer()
      const seen: string[] = []
      const run = consumer.run((message) => {
        seen.push(deliveryOf(message))
        if (seen.length === 4) void consumer.stop()
      })
      await shared.until(() => seen.length === 2)
      await shared.sim.sleep(1_000)
      await cluster.stopBroker(1)
      await shared.sim.sleep(3_000)
      await cluster.startBroker(1)
      await shared.produce(['v2', 'v3'])
      await run
      await consumer.close()
      expect(seen).toEqual(['v0×1', 'v1×1', 'v2×1', 'v3×1'])
    }))

  it('that never answers does not hold up the close', () =>
    SharedTopic.run(async (shared) => {
      await shared.produce(['v0'])
      const consumer = shared.consumer()
      const seen: string[] = []
      const run = consumer.run((message) => {
        seen.push(deliveryOf(message))
      })
      await shared.until(() => seen.length === 1)
      shared.sim.cluster.pauseBroker(1)
      const before = shared.sim.now
      await consumer.close({ timeoutMs: 3_000 })
      await run
      expect(shared.sim.now - before).toBeLessThanOrEqual(3_100)
    }))

  it('that leads nothing of the member any more keeps no session of it', () =>
    SharedTopic.run(
      async (shared) => {
        const { cluster } = shared.sim
        await shared.produce(['v0'])
        const consumer = shared.consumer()
        const run = consumer.run(() => undefined)
        await shared.sim.sleep(8_000)
        const before = cluster.partition('orders', 0).leaderId
        cluster.moveLeader('orders', 0, before === 1 ? 2 : 1)
        await shared.sim.sleep(5_000)
        const last = cluster.requests.all
          .filter(
            ({ brokerId, api }) =>
              brokerId === before && (api === 'ShareFetch' || api === 'ShareAcknowledge'),
          )
          .at(-1)
        expect(last?.request).toMatchObject({ shareSessionEpoch: -1 })
        await consumer.close()
        await run
      },
      { brokers: 3 },
    ))
})

describe('what is held', () => {
  it('S4: stays within maxPollRecords with a record limit, whatever the number of brokers and handlers', () =>
    SharedTopic.run(
      async (shared) => {
        const { cluster, chance } = shared.sim
        for (const limit of [1, 2, 7]) {
          for (let partition = 0; partition < 6; partition++) {
            await shared.produce(
              Array.from({ length: 10 }, (_, i) => `${partition}-${i}`),
              partition,
            )
          }
          const consumer = shared.consumer({ acquireMode: 'record_limit', maxPollRecords: limit })
          const held = new Set<string>()
          let most = 0
          const forget = [
            cluster.on('ShareFetch', async (request, exchange) => {
              note(request.topics)
              const answer = await exchange.proceed()
              for (const { partitions } of answer?.responses ?? []) {
                for (const { partitionIndex, acquiredRecords } of partitions) {
                  for (const { firstOffset, lastOffset } of acquiredRecords) {
                    for (let at = firstOffset; at <= lastOffset; at++) held.add(`${partitionIndex}:${at}`)
                  }
                }
              }
              most = Math.max(most, held.size)
            }),
            cluster.on('ShareAcknowledge', (request) => {
              note(request.topics)
              return undefined
            }),
          ]
          const note = (
            topics: readonly {
              readonly partitions: readonly {
                readonly partitionIndex: number
                readonly acknowledgementBatches: readonly {
                  readonly firstOffset: bigint
                  readonly lastOffset: bigint
                }[]
              }[]
            }[],
          ) => {
            for (const { partitions } of topics) {
              for (const { partitionIndex, acknowledgementBatches } of partitions) {
                for (const { firstOffset, lastOffset } of acknowledgementBatches) {
                  for (let at = firstOffset; at <= lastOffset; at++) held.delete(`${partitionIndex}:${at}`)
                }
              }
            }
          }
          let count = 0
          await consumer.run(
            async () => {
              await shared.sim.sleep(chance.between(1, 30))
              if (++count === 60) void consumer.stop()
            },
            { concurrency: 4 },
          )
          await consumer.close()
          for (const one of forget) one()
          expect(most).toBeLessThanOrEqual(limit)
          expect(most).toBeGreaterThan(0)
          expect(count).toBe(60)
        }
      },
      { brokers: 3, partitions: 6 },
    ))

  it('is asked for in pieces that the memory holds, and all comes', () =>
    SharedTopic.run(
      async (shared) => {
        const big = 'x'.repeat(50_000)
        for (let i = 0; i < 80; i++) await shared.produce([`${i} ${big}`], i % 4)
        const consumer = shared.consumer({ fetchMemoryBytes: 1_048_576, fetchMaxBytes: 400_000 })
        const seen = new Set<string>()
        await consumer.run((message) => {
          seen.add(String(message.rawValue).split(' ')[0] as string)
          if (seen.size === 80) void consumer.stop()
        })
        await consumer.close()
        expect(seen.size).toBe(80)
        const asked = shared.sim.cluster.requests
          .filter({ api: 'ShareFetch' })
          .map(({ request }) => request.maxBytes)
        expect(Math.max(...asked)).toBeLessThanOrEqual(400_000)
      },
      { brokers: 2, partitions: 4 },
    ))
})

describe('offsets without messages', () => {
  it('S2: markers and what was aborted are acknowledged as gaps, and never handed out', () =>
    SharedTopic.run(async (shared) => {
      await using admin = shared.kafka.admin()
      await admin.incrementalAlterConfigs([
        { type: 'group', name: 'workers', set: { 'share.isolation.level': 'read_committed' } },
      ])
      const producer = shared.kafka.producer({ transactionalId: 'tx' })
      for (const value of ['committed', 'aborted', 'last']) {
        await producer
          .transaction(async (transaction) => {
            await transaction.send('orders', { value, partition: 0 })
            if (value === 'aborted') throw new Error('changed our mind')
          })
          .catch(() => undefined)
      }
      await producer.close()
      const consumer = shared.consumer()
      const seen: string[] = []
      await consumer.run((message) => {
        seen.push(deliveryOf(message))
        if (seen.length === 2) void consumer.stop()
      })
      await consumer.close()
      expect(seen).toEqual(['committed×1', 'last×1'])
      const types = shared.sim.cluster.requests.all.flatMap(({ api, request }) =>
        api === 'ShareFetch' || api === 'ShareAcknowledge' ? wordsOf(request as never) : [],
      )
      expect(types).toContain(0)
      expect(new Set(types)).toEqual(new Set([0, 1]))
    }))

  it('S2: a corrupt batch is rejected, and what lies around it is handed out', () =>
    SharedTopic.run(async (shared) => {
      const { cluster } = shared.sim
      for (const value of ['v0', 'v1', 'v2']) await shared.produce([value])
      cluster.on('ShareFetch', async (_request, exchange) => {
        const answer = await exchange.proceed()
        if (answer === undefined) return answer
        return {
          ...answer,
          responses: answer.responses.map(({ topicId, partitions }) => ({
            topicId,
            partitions: partitions.map((data) => ({ ...data, records: damageSecond(data.records) })),
          })),
        }
      })
      const consumer = shared.consumer()
      const seen: string[] = []
      await consumer.run((message) => {
        seen.push(deliveryOf(message))
        if (seen.length === 2) void consumer.stop()
      })
      await consumer.close()
      expect(seen).toEqual(['v0×1', 'v2×1'])
      await shared.produce(['v3'])
      const next = shared.consumer()
      await next.run((message) => {
        seen.push(deliveryOf(message))
        void next.stop()
      })
      await next.close()
      expect(seen).toEqual(['v0×1', 'v2×1', 'v3×1'])
    }))
})

function wordsOf(request: {
  readonly topics: readonly {
    readonly partitions: readonly {
      readonly acknowledgementBatches: readonly { readonly acknowledgeTypes: readonly number[] }[]
    }[]
  }[]
}): number[] {
  return request.topics.flatMap(({ partitions }) =>
    partitions.flatMap(({ acknowledgementBatches }) =>
      acknowledgementBatches.flatMap(({ acknowledgeTypes }) => [...acknowledgeTypes]),
    ),
  )
}

/** Turns a byte of the second batch of three; the answers of a broker are lists of batches. */
function damageSecond<Records>(records: Records): Records {
  if (!Array.isArray(records) || records.length !== 3) return records
  const [first, second, third] = records as Buffer[]
  const damaged = Buffer.from(second as Buffer)
  damaged[damaged.length - 2] = (damaged[damaged.length - 2] as number) ^ 0xff
  return [first, damaged, third] as Records
}
