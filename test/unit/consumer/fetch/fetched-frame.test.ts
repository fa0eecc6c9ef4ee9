// Guards L17: what is counted as held is what is held, and one waiting partition does not keep a whole response alive.
import { FetchMemory } from '../../../../src/consumer/fetch/fetch-memory'
import { FetchQueue, measureRecords } from '../../../../src/consumer/fetch/fetch-queue'
import { FetchedFrame } from '../../../../src/consumer/fetch/fetched-frame'
import { FakeLog } from '../support/fake-log'

function records(count: number): Buffer {
  const log = new FakeLog()
  log.fill(count, 5)
  return log.read(0n, Infinity)
}

function drain(queue: FetchQueue): number {
  let batches = 0
  while (queue.nextBatch() !== undefined) batches++
  return batches
}

describe('FetchMemory', () => {
  it('reserves what is there, then little, then nothing, and tells when bytes come free', () => {
    const memory = new FetchMemory(1600)
    expect(memory.reserve(1000, 100)).toBe(1000)
    expect(memory.reserve(1000, 100)).toBe(600)
    expect(memory.reserve(1000, 100)).toBe(100)
    memory.add(1450)
    expect(memory.reserve(1000, 100)).toBe(0)
    let calls = 0
    memory.whenFreed(() => calls++)
    memory.release(30)
    memory.release(30)
    expect(calls).toBe(1)
    expect(memory.reserve(1000, 100)).toBe(100)
  })

  it('is used up by what was decompressed, which leaves little for fetches, but some', () => {
    const memory = new FetchMemory(1600)
    memory.addDecompressed(5000)
    expect(memory.isUsedUp).toBe(true)
    expect(memory.reserve(1000, 10)).toBe(100)
    memory.releaseDecompressed(5000)
    expect(memory.reserve(1000, 10)).toBe(1000)
    expect(memory.usedBytes).toBe(1100)
  })
})

describe('FetchedFrame', () => {
  it('counts a response until its last part is delivered', () => {
    const memory = new FetchMemory(1_000_000)
    const reserved = memory.reserve(5000, 1)
    const frame = new FetchedFrame(memory)
    const queues = [records(20), records(20)].map((bytes) => {
      const queue = new FetchQueue()
      queue.push(frame.add(bytes, null))
      return queue
    }) as [FetchQueue, FetchQueue]
    frame.seal(reserved)
    const bytes = queues[0].heldBytes * 2
    expect(memory.usedBytes).toBe(bytes)
    expect(drain(queues[0])).toBe(4)
    expect(memory.usedBytes).toBe(bytes)
    drain(queues[1])
    expect(memory.usedBytes).toBe(0)
  })

  it('lets go of the response when little of it is left, and the rest is read from its own bytes', () => {
    const memory = new FetchMemory(1_000_000)
    const frame = new FetchedFrame(memory)
    const whole = Buffer.concat([records(1000), records(10)])
    const long = whole.subarray(0, records(1000).length)
    const short = whole.subarray(long.length)
    const [delivered, waiting] = [new FetchQueue(), new FetchQueue()]
    delivered.push(frame.add(long, null))
    waiting.push(frame.add(short, null))
    frame.seal(0)
    drain(delivered)
    expect(memory.usedBytes).toBe(short.length)
    whole.fill(0)
    expect(drain(waiting)).toBe(2)
    expect(memory.usedBytes).toBe(0)
  })

  /** A whole response of its own, and the queues of its two partitions. */
  function largeFrame(bytes: Buffer): [FetchQueue, FetchQueue] {
    const frame = new FetchedFrame(new FetchMemory(10_000_000))
    const at = records(6000).length
    const queues: [FetchQueue, FetchQueue] = [new FetchQueue(), new FetchQueue()]
    queues[0].push(frame.add(bytes.subarray(0, at), null))
    queues[1].push(frame.add(bytes.subarray(at), null))
    frame.seal(0)
    return queues
  }

  function withinOwnBuffer(bytes: Buffer): Buffer {
    const own = Buffer.alloc(bytes.length + 100)
    bytes.copy(own, 100)
    return own.subarray(100)
  }

  it('has its bytes in a new ArrayBuffer when reading begins, so that what waited long is freed as soon as what did not', () => {
    const bytes = records(12_000)
    expect(bytes.length).toBeGreaterThan(256 * 1024)
    const received = withinOwnBuffer(bytes)
    const { buffer } = received
    const [first, second] = largeFrame(received)
    expect(buffer.byteLength).toBeGreaterThan(0)
    const begun = second.nextBatch()
    expect([buffer.byteLength, begun?.hasValidChecksum()]).toEqual([0, true])
    expect([drain(first), drain(second)]).toEqual([1200, 1199])
    // What was taken before stays as it is, however much is read behind it.
    expect(begun?.hasValidChecksum()).toBe(true)
  })

  it('leaves bytes where they are that lie among those of others', () => {
    const bytes = records(12_000)
    const pool = Buffer.alloc(bytes.length * 3)
    bytes.copy(pool, 50)
    const [first, second] = largeFrame(pool.subarray(50, 50 + bytes.length))
    expect([drain(first), drain(second), pool.length]).toEqual([1200, 1200, bytes.length * 3])
  })

  it('leaves the bytes of many small parts where they are, each of which would cost more than it saves', () => {
    const part = records(5)
    const received = Buffer.alloc(part.length * 3000)
    const frame = new FetchedFrame(new FetchMemory(10_000_000))
    const queue = new FetchQueue()
    for (let at = 0; at < received.length; at += part.length) {
      part.copy(received, at)
      queue.push(frame.add(received.subarray(at, at + part.length), null))
    }
    expect(received.length).toBeGreaterThan(256 * 1024)
    expect([drain(queue), received.length]).toEqual([3000, part.length * 3000])
  })

  it('gives everything back when a queue is cleared', () => {
    const memory = new FetchMemory(1_000_000)
    const frame = new FetchedFrame(memory)
    const queue = new FetchQueue()
    queue.push(frame.add(records(20), null))
    frame.seal(0)
    queue.nextBatch()
    queue.clear()
    expect([memory.usedBytes, queue.heldBytes, queue.isEmpty]).toEqual([0, 0, true])
  })
})

describe('measureRecords', () => {
  it('finds where the next fetch starts, over whole batches only', () => {
    const bytes = records(12)
    expect(measureRecords(bytes)).toMatchObject({ nextOffset: 12n, isMalformed: false })
    for (let end = 0; end < bytes.length; end++) {
      const { nextOffset, isMalformed } = measureRecords(bytes.subarray(0, end))
      expect(isMalformed).toBe(false)
      expect([undefined, 5n, 10n]).toContain(nextOffset)
    }
  })

  it('says where the bytes stop being batches', () => {
    const bytes = Buffer.concat([records(5), Buffer.alloc(40, 0xff)])
    expect(measureRecords(bytes)).toMatchObject({ nextOffset: 5n, isMalformed: true })
    for (let seed = 1; seed < 500; seed++) {
      const noise = Buffer.from(
        Array.from({ length: 80 }, (_, i) => (Math.imul(seed, i + 7) ^ (seed >> 3)) & 0xff),
      )
      expect(() => measureRecords(noise)).not.toThrow()
    }
  })
})
