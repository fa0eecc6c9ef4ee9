// Guards that each message hears of itself: nothing is kept by message but what can be told from its call and its batch.
import { KafkaError } from '../../../src/base/errors'
import type { Receipt } from '../../../src/producer/outgoing-message'
import { seededRandom } from '../../../src/testing/simulation/seeded-random'
import { settle } from '../support/fake-clock'
import { closeAll, setUp } from './support/producer-setup'

afterEach(closeAll)

const messageTooLarge = 10
const invalidRecord = 87

/** What the brokers have, by value: values differ. */
type Stored = Map<string | null, { partition: number; offset: bigint; timestamp: number }>

/** A cluster that cuts batches it finds too large, and a map of what it stored. */
function storing({ maxRecords = Infinity, logAppendTimeMs = -1n } = {}) {
  const made = setUp({ batchSizeBytes: 1500, bufferMemoryBytes: 12_000, lingerMs: 5 }, [1, 2, 1, 2])
  const stored: Stored = new Map()
  const ends = new Map<number, bigint>()
  made.cluster.onProduce = (produce) => {
    produce.answer(({ partition, records, values }) => {
      if (values.length > maxRecords) return { errorCode: messageTooLarge }
      if (values.includes('blamed')) {
        return {
          errorCode: invalidRecord,
          recordErrors: [{ batchIndex: values.indexOf('blamed'), batchIndexErrorMessage: 'blamed' }],
        }
      }
      const baseOffset = ends.get(partition) ?? 9_007_199_254_740_990n
      records.forEach(({ value, timestamp }, i) =>
        stored.set(value, { partition, offset: baseOffset + BigInt(i), timestamp }),
      )
      ends.set(partition, baseOffset + BigInt(records.length))
      return { baseOffset, logAppendTimeMs }
    })
  }
  return { ...made, stored }
}

describe('receipts', () => {
  test.each([1, 2, 3, 4, 5])(
    'L7 P9: name what the broker has, whatever calls share batches, wait, are taken back or are split (seed %i)',
    async (seed) => {
      const random = seededRandom(seed)
      const below = (count: number) => Math.floor(random() * count)
      const { clock, producer, stored } = storing({ maxRecords: seed % 2 === 0 ? 3 : Infinity })
      const checks: Promise<void>[] = []
      const refused: Promise<unknown>[] = []
      let next = 0
      for (let c = 0; c < 120; c++) {
        const messages = Array.from({ length: 1 + below(12) }, () => ({
          value: `${next++}`,
          partition: below(4),
          ...(below(3) === 0 && { timestamp: 1_700_000_000_000 + below(3) }),
        }))
        if (below(5) === 0) {
          const wrong = [...messages, { value: 7 }] as never
          refused.push(producer.send('t', wrong).catch((error: KafkaError) => error.code))
        }
        const check = (receipts: readonly Receipt[]) =>
          expect(receipts).toEqual(messages.map(({ value }) => ({ topic: 't', ...stored.get(value) })))
        const [first] = messages
        if (messages.length === 1 && first !== undefined) {
          checks.push(producer.send('t', first).then((receipt) => check([receipt])))
        } else checks.push(producer.send('t', messages).then(check))
        if (below(4) === 0) await clock.advance(below(4))
      }
      for (let i = 0; i < 60; i++) await clock.advance(200)
      await Promise.all(checks)
      expect(new Set(await Promise.all(refused))).toEqual(new Set(['SERIALIZATION_FAILED']))
      expect(stored.size).toBe(next)
      expect(producer.bufferedBytes).toBe(0)
    },
  )

  test('P21: have one timestamp, the log append time, where the broker gives it', async () => {
    const { clock, producer } = storing({ logAppendTimeMs: 77n })
    const sent = producer.send(
      't',
      [1, 2, 2, 3].map((timestamp) => ({ value: `${timestamp}`, timestamp, partition: 0 })),
    )
    await clock.advance(10)
    expect((await sent).map(({ timestamp }) => timestamp)).toEqual([77, 77, 77, 77])
  })

  test('P21: errors stand where their messages do, when calls share a batch', async () => {
    const { clock, producer } = storing()
    const around = producer.send('t', { value: 'around', partition: 0 }).catch((error: KafkaError) => error)
    const sent = producer.send('t', [
      { value: 'elsewhere', partition: 1 },
      { value: 'beside', partition: 0 },
      { value: 'elsewhere too', partition: 1 },
      { value: 'blamed', partition: 0 },
    ])
    const results = sent.catch((error: { results: unknown[] }) => error.results)
    await clock.advance(10)
    await settle()
    expect(await results).toEqual([
      expect.objectContaining({ partition: 1, offset: 9_007_199_254_740_990n }),
      expect.any(KafkaError),
      expect.objectContaining({ partition: 1, offset: 9_007_199_254_740_991n }),
      expect.objectContaining({ message: expect.stringContaining('blamed') as string }),
    ])
    expect(await around).toBeInstanceOf(KafkaError)
  })
})
