// Guards batches whose handler fails: what it finished is not handed out again, what it did not is never committed, and no
// message is given up because of another one in its batch.
import { deadLetter } from '../../../../src/consumer/failures/dead-letter'
import type { BatchContext } from '../../../../src/consumer/delivery/handler-context'
import type { Message } from '../../../../src/message/message'
import type { MessageBatch } from '../../../../src/message/message-batch'
import { groupConsumer, partitionsOf, until } from '../support/consumer-bench'

const quick = { retries: 2, retryBackoffMs: 10 } as const

const range = (batch: MessageBatch) => `${batch.firstOffset}-${batch.lastOffset}`

describe('a batch whose handler fails', () => {
  it('is handed out again as it was', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(20)
    const calls: string[] = []
    const run = consumer.runBatches(
      (batch, { attempt }) => {
        calls.push(`${range(batch)} #${attempt}`)
        if (attempt < 3 && batch.firstOffset === 5n) throw new Error('not yet')
      },
      { maxMessages: 5, onError: quick },
    )
    await group.assign(partitionsOf(0))
    await until(cluster, () => calls.includes('15-19 #1'))
    expect(calls).toEqual(['0-4 #1', '5-9 #1', '5-9 #2', '5-9 #3', '10-14 #1', '15-19 #1'])
    await consumer.close()
    await run
    expect(group.offsetOf('t', 0)).toBe(20n)
  })

  it('is handed out again from its first message that is not finished, and counts attempts from there', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(8)
    const calls: string[] = []
    const fails = new Set(['2 #1', '5 #1', '5 #2'])
    const run = consumer.runBatches(
      async (batch, { attempt, finish }) => {
        calls.push(`${range(batch)} #${attempt}`)
        for (const message of batch) {
          await Promise.resolve()
          const isFirst = message === batch.messages[0]
          if (fails.delete(`${message.offset} #${isFirst ? attempt : 1}`)) throw new Error('failed')
          finish(message)
        }
      },
      { maxMessages: 8, onError: quick },
    )
    await group.assign(partitionsOf(0))
    await until(cluster, () => fails.size === 0)
    await cluster.clock.advance(100)
    expect(calls).toEqual(['0-7 #1', '2-7 #2', '5-7 #2', '5-7 #3'])
    await consumer.close()
    await run
    expect(group.offsetOf('t', 0)).toBe(8n)
  })

  it('is taken apart after its last retry, so that only the message that fails by itself is given up', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(12)
    const calls: string[] = []
    const handled = new Set<bigint>()
    const sent: string[] = []
    const producer = {
      send: (_topic: string, message: { readonly value: Uint8Array | null }) =>
        Promise.resolve(sent.push(String(message.value))),
    }
    const run = consumer.runBatches(
      (batch, { attempt }) => {
        calls.push(`${range(batch)} #${attempt}`)
        if (batch.messages.some(({ offset }) => offset === 3n)) throw new Error('poison')
        for (const { offset } of batch) handled.add(offset)
      },
      { maxMessages: 6, onError: { retries: 1, retryBackoffMs: 10, giveUp: deadLetter(producer) } },
    )
    await group.assign(partitionsOf(0))
    await until(cluster, () => handled.has(11n))
    expect(calls).toEqual([
      ...['0-5 #1', '0-5 #2'],
      ...['0-0 #1', '1-1 #1', '2-2 #1', '3-3 #1', '3-3 #2'],
      ...['4-5 #1', '6-11 #1'],
    ])
    expect(sent).toEqual(['3'])
    expect(handled.size).toBe(11)
    await consumer.close()
    await run
    expect(group.offsetOf('t', 0)).toBe(12n)
  })

  it('is whole again when none of its messages fails by itself', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(8)
    const calls: string[] = []
    const run = consumer.runBatches(
      (batch) => {
        calls.push(range(batch))
        if (batch.length > 3 && batch.firstOffset === 0n) throw new Error('too much at once')
      },
      { maxMessages: 4, onError: { retries: 0, giveUp: 'skip' } },
    )
    await group.assign(partitionsOf(0))
    await until(cluster, () => calls.includes('4-7'))
    expect(calls).toEqual(['0-3', '0-0', '1-1', '2-2', '3-3', '4-7'])
    await consumer.close()
    await run
    expect(group.offsetOf('t', 0)).toBe(8n)
  })

  it('stop leaves what is not finished of it, with and without a policy', async () => {
    for (const onError of [undefined, { retries: 1, retryBackoffMs: 10 }]) {
      const { cluster, group, consumer } = groupConsumer()
      cluster.log('t', 0).fill(8)
      const run = consumer.runBatches(
        (batch, { finish }) => {
          if (batch.firstOffset === 0n && batch.length > 2) finish(batch.messages[2] as Message)
          throw new Error('no use')
        },
        { maxMessages: 8, onError },
      )
      let error: unknown
      run.catch((reason: unknown) => (error = reason))
      await group.assign(partitionsOf(0))
      await until(cluster, () => error !== undefined)
      expect(error).toMatchObject({
        code: 'HANDLER_FAILED',
        message: expect.stringContaining('at offset 3: no use') as unknown,
      })
      const seen: string[] = []
      const again = consumer.runBatches((batch) => void seen.push(range(batch)))
      await until(cluster, () => seen.length > 0)
      expect(seen).toEqual(['3-7'])
      await consumer.close()
      await again
      expect(group.offsetOf('t', 0)).toBe(8n)
    }
  })
})

describe('finish', () => {
  it('L15: lets commits move within a batch, and never past what is not finished', async () => {
    const { cluster, group, consumer } = groupConsumer({ autoCommitIntervalMs: 10 })
    cluster.log('t', 0).fill(10)
    let goOn = () => {}
    const run = consumer.runBatches(
      async (batch, { finish }) => {
        finish(batch.messages[3] as Message)
        await new Promise<void>((resolve) => (goOn = resolve))
      },
      { maxMessages: 10 },
    )
    await group.assign(partitionsOf(0))
    await cluster.clock.advance(100)
    expect(group.offsetOf('t', 0)).toBe(4n)
    goOn()
    await cluster.clock.advance(100)
    expect(group.offsetOf('t', 0)).toBe(10n)
    await consumer.close()
    await run
  })

  it('has no effect after the end of its handler, after a seek, or said twice; and refuses foreign messages', async () => {
    const { cluster, group, consumer } = groupConsumer({ autoCommitIntervalMs: 10 })
    cluster.log('t', 0).fill(30)
    const contexts: BatchContext[] = []
    const batches: MessageBatch[] = []
    const goOn: (() => void)[] = []
    const run = consumer.runBatches(
      async (batch, context) => {
        contexts.push(context)
        batches.push(batch)
        await new Promise<void>((resolve) => goOn.push(resolve))
      },
      { maxMessages: 10 },
    )
    await group.assign(partitionsOf(0))
    await until(cluster, () => goOn.length === 1)
    const [first] = batches as [MessageBatch]
    contexts[0]?.finish(first.messages[5] as Message)
    contexts[0]?.finish(first.messages[2] as Message)
    await cluster.clock.advance(50)
    expect(group.offsetOf('t', 0)).toBe(6n)
    goOn[0]?.()
    await until(cluster, () => goOn.length === 2)
    contexts[0]?.finish(first.messages[9] as Message)
    expect(() => contexts[1]?.finish(first.messages[0] as Message)).toThrow('not one of the batch')
    await cluster.clock.advance(50)
    expect(group.offsetOf('t', 0)).toBe(10n)
    consumer.seek({ topic: 't', partition: 0 }, 0n)
    contexts[1]?.finish(batches[1]?.messages[9] as Message)
    goOn[1]?.()
    await until(cluster, () => goOn.length === 3)
    await cluster.clock.advance(50)
    expect(batches[2]?.firstOffset).toBe(0n)
    expect(group.offsetOf('t', 0)).toBe(0n)
    goOn[2]?.()
    await cluster.clock.advance(50)
    for (const release of goOn) release()
    const closed = consumer.close()
    await until(cluster, () => {
      for (const release of goOn) release()
      return group.events.includes('left')
    })
    await closed
    await run
  })
})
