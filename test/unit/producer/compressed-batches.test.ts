// Guards against compressed batches that are cut by their size before compression, against memory that is counted wrong because
// they grow, and against a broker's refusal that teaches nothing.
import { settle } from '../support/fake-clock'
import { closeAll, setUp } from './support/producer-setup'

afterEach(closeAll)

const batchSizeBytes = 4096
const messageTooLarge = 10
const perCall = 600

/** What compresses to about a fifth, and is different each time. */
function textOf(i: number): string {
  return `${i} `.padEnd(90, 'abcdefghi ') + Math.imul(i, 2_654_435_761)
}

/** Sends many calls, each answered before the next; answers the batches' sizes on the wire and the values that arrived. */
async function sendMany(options: object, calls: number) {
  const { cluster, producer } = setUp({ batchSizeBytes, compression: 'lz4', ...options })
  const sizes: number[] = []
  const values: (string | null)[] = []
  let used = 0
  cluster.onProduce = (produce) => {
    used = Math.max(used, producer.bufferedBytes)
    for (const { batch, values: carried } of produce.batches) {
      sizes.push(batch.sizeInBytes)
      values.push(...carried)
    }
    queueMicrotask(() => produce.answer({ baseOffset: BigInt(values.length) }))
  }
  for (let call = 0; call < calls; call++) {
    const messages = Array.from({ length: perCall }, (_, i) => ({
      value: textOf(call * 1000 + i),
      partition: 0,
    }))
    const sent = producer.send('t', messages)
    await settle()
    await sent
  }
  return { sizes, values, used, producer, cluster }
}

test('batches take records until about batchSizeBytes are left of them; the order is kept, and memory is free afterwards', async () => {
  const { sizes, values, producer } = await sendMany({}, 60)
  expect(values).toEqual(
    Array.from({ length: 60 * perCall }, (_, i) => textOf(Math.floor(i / perCall) * 1000 + (i % perCall))),
  )
  // The first full batches hold batchSizeBytes before compression; a call's last batch is what is left.
  expect(sizes[0]).toBeLessThan(batchSizeBytes / 2)
  expect(Math.max(...sizes)).toBeGreaterThan(batchSizeBytes * 0.85)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(batchSizeBytes * 1.05)
  expect(producer.bufferedBytes).toBe(0)
})

test('L10: batches that compress well stay within the memory, whatever it is', async () => {
  const bufferMemoryBytes = 12_000
  const { used, producer } = await sendMany({ bufferMemoryBytes }, 60)
  expect(used).toBeLessThanOrEqual(bufferMemoryBytes)
  expect(producer.bufferedBytes).toBe(0)
})

test('P9: after a broker refused a batch as too large, the next ones are as small as without compression', async () => {
  const { sizes, producer, cluster, values } = await sendMany({ maxInFlightRequestsPerConnection: 1 }, 60)
  const isTooLarge = (size: number) => size > batchSizeBytes / 2
  const before = sizes.length
  const stored = values.length
  let refusals = 0
  cluster.onProduce = (produce) => {
    queueMicrotask(() =>
      produce.answer(({ batch, values: carried }) => {
        sizes.push(batch.sizeInBytes)
        if (isTooLarge(batch.sizeInBytes)) {
          refusals++
          return { errorCode: messageTooLarge }
        }
        values.push(...carried)
        return { baseOffset: BigInt(values.length) }
      }),
    )
  }
  const texts = Array.from({ length: 1000 }, (_, i) => textOf(100_000 + i))
  const sent = producer.send(
    't',
    texts.map((value) => ({ value, partition: 0 })),
  )
  for (let i = 0; values.length < stored + 1000 && i < 100; i++) await settle()
  await sent
  expect(values.slice(stored)).toEqual(texts)
  expect(refusals).toBeGreaterThan(0)
  const more = sizes.length
  const again = producer.send(
    't',
    texts.map((value) => ({ value, partition: 0 })),
  )
  for (let i = 0; values.length < stored + 2000 && i < 100; i++) await settle()
  await again
  expect(more).toBeGreaterThan(before)
  expect(sizes.slice(more).filter(isTooLarge)).toEqual([])
  expect(producer.bufferedBytes).toBe(0)
})
