// Guards memory that is used again: a slab handed on too early would send, or overwrite, another batch's records.
import { BufferMemory } from '../../../src/producer/buffer-memory'
import { SlabPool } from '../../../src/producer/slab-pool'
import type { ProducerOptions } from '../../../src/producer/producer-options'
import { settle } from '../support/fake-clock'
import type { FakeProduce } from './support/fake-produce'
import { closeAll, setUp } from './support/producer-setup'

afterEach(closeAll)

const mebibyte = 1024 * 1024

function poolOf(limitBytes: number) {
  const memory = new BufferMemory(limitBytes, () => {})
  return { memory, pool: new SlabPool(memory, 1024, 128 * 1024) }
}

describe('a pool of slabs', () => {
  test('gives what came back, by its size, and makes the rest', () => {
    const { pool } = poolOf(32 * mebibyte)
    const [small, large] = [pool.take(1024), pool.take(2048)]
    pool.giveBack(small)
    pool.giveBack(large)
    expect(pool.freeBytes).toBe(3072)
    expect(pool.take(2048)).toBe(large)
    expect(pool.take(2048)).not.toBe(large)
    expect(pool.take(1024)).toBe(small)
    expect(pool.freeBytes).toBe(0)
  })

  test('keeps no slab whose size no other batch has', () => {
    const { pool } = poolOf(32 * mebibyte)
    for (const bytes of [0, 512, 1000, 3072, 512 * 1024]) pool.giveBack(Buffer.alloc(bytes))
    expect(pool.freeBytes).toBe(0)
  })

  test('L10: keeps what batches hold, one request of bytes when they hold none, and never more than there is', () => {
    const { memory, pool } = poolOf(8 * mebibyte)
    const giveBack = (bytes: number) => {
      for (let given = 0; given < bytes; given += 65_536) pool.giveBack(Buffer.alloc(65_536))
    }
    memory.tryReserve(3 * mebibyte)
    giveBack(6 * mebibyte)
    expect(pool.freeBytes).toBe(3 * mebibyte)
    memory.tryReserve(3 * mebibyte)
    pool.take(4096)
    expect(pool.freeBytes).toBe(2 * mebibyte)
    memory.release(6 * mebibyte)
    giveBack(65_536)
    expect(pool.freeBytes).toBe(mebibyte)
  })
})

/** The bytes of a request as they lie in the producer's memory. */
function bytesOf(produce: FakeProduce | undefined): Uint8Array {
  const records = produce?.request.topicData[0]?.partitionData[0]?.records
  if (!(records instanceof Uint8Array)) throw new Error('Not one piece')
  return records
}

describe('the bytes of a batch', () => {
  test('are used again once its only request was answered', async () => {
    const { cluster, sendEach } = setUp()
    const [one] = await sendEach('1')
    cluster.next.answer()
    await one
    void (await sendEach('2'))
    expect(bytesOf(cluster.produced[1]).buffer).toBe(bytesOf(cluster.produced[0]).buffer)
  })

  const stored: readonly [title: string, options: ProducerOptions, end: (produce: FakeProduce) => void][] = [
    ['the connection of an earlier request was lost', {}, (produce) => produce.lose()],
    ['an earlier request was refused', {}, (produce) => produce.refuse(19)],
    ['nobody answers requests', { acks: 0 }, (produce) => produce.answer()],
    ['its messages have expired', { deliveryTimeoutMs: 30_000, requestTimeoutMs: 29_000 }, () => {}],
  ]
  test.each(stored)('P10 R16: stay as they are when %s', async (_, options, end) => {
    const { cluster, clock, sendEach } = setUp(options)
    const [one] = await sendEach('the first')
    const first = cluster.next
    const before = Buffer.from(bytesOf(first))
    end(first)
    await clock.advance(first.settled ? 2000 : 31_000)
    for (const produce of cluster.pending) produce.answer()
    await one
    cluster.onProduce = (produce) => produce.answer()
    for (let i = 0; i < 10; i++) void (await sendEach(`another ${i}`))
    await settle()
    expect(cluster.pending).toEqual([])
    expect(before.equals(bytesOf(first))).toBe(true)
  })
})
