// Guards the promise of exactly-once processing (X5 to X7, T9, C13): results and positions count together or not at all.
import { InvalidOptionError } from '../../src'
import { rejectionOf } from '../support/rejection'
import { until } from './support/case-runner'
import { numbers, TransactionalCopying, type Work } from './support/transactional-copying'

const setup = new TransactionalCopying()
const { committedOffsets, consumer, copy, fill, keep, markers, producer, results, settledResults } = setup

afterEach(setup.close)

describe.each([1, 2] as const)('with transaction.version %i', (version) => {
  beforeEach(() => setup.startWith(version))

  test('results and positions count together, and the transaction alone commits', async () => {
    await fill(0, 90)
    const one = consumer()
    const running = copy(one, producer())
    await until(() => results().length === 90, 'the results', 20_000)
    await one.close()
    await running
    expect(await settledResults()).toEqual(numbers(90))
    expect(committedOffsets()).toEqual([30, 30, 30])
    expect(setup.broker.requests.filter({ api: 'OffsetCommit' })).toEqual([])
  })

  test('a round has the messages of several partitions, and not more than maxMessages', async () => {
    await fill(0, 60)
    const sizes: number[] = []
    let partitions = 0
    const one = consumer()
    const running = one.processTransactionally(
      producer(),
      async (batch, tx) => {
        sizes.push(batch.length)
        partitions = Math.max(partitions, batch.batches.length)
        expect(batch.messages).toHaveLength(batch.length)
        await tx.send('out', { value: String(batch.length) })
      },
      { maxMessages: 25, maxWaitMs: 100 },
    )
    await until(() => committedOffsets().join() === '20,20,20', 'the positions', 20_000)
    await one.close()
    await running
    expect(Math.max(...sizes)).toBeLessThanOrEqual(25)
    expect(sizes.reduce((sum, size) => sum + size)).toBe(60)
    expect(partitions).toBeGreaterThan(1)
  })

  test('a handler that throws aborts its transaction, and the next run has the messages again', async () => {
    await fill(0, 9)
    const one = consumer()
    const tx = producer()
    const failing = one.processTransactionally(tx, async (_, transaction) => {
      await transaction.send('out', { value: '-1' })
      throw new RangeError('no such order')
    })
    const error = await rejectionOf(failing)
    expect(error).toMatchObject({ code: 'HANDLER_FAILED' })
    expect(error.cause).toBeInstanceOf(RangeError)
    expect(committedOffsets()).toEqual([])
    const running = copy(one, tx)
    await until(() => results().length === 9, 'the results', 20_000)
    await one.stop()
    await running
    expect(await settledResults()).toEqual(numbers(9))
    expect(markers()[0]).toBe('abort')
  })

  test('nothing is lost by an abort when nothing was committed and reading started at the end', async () => {
    const one = consumer({ startFrom: 'latest', autoCommitIntervalMs: 60_000 })
    const seen: string[] = []
    const work: Work = async (batch, tx) => {
      seen.push(...[...batch].map(({ value }) => String(value)))
      await tx.send('out', { value: '0' })
      if (seen.length === 1) throw new Error('once')
    }
    const tx = producer()
    const failing = rejectionOf(one.processTransactionally(tx, work))
    await until(() => one.assignment().length === 3, 'the partitions', 20_000)
    await until(
      () => one.assignment().every((partition) => one.position(partition) !== undefined),
      'positions',
    )
    await fill(0, 1)
    await failing
    const running = one.processTransactionally(tx, work)
    await until(() => seen.length === 2, 'the message', 20_000)
    await one.stop()
    await running
    expect(seen).toEqual(['0', '0'])
  })

  test('positions behind markers and aborted messages are committed when nothing else comes', async () => {
    const source = producer('source')
    for (let i = 0; i < 3; i++) {
      await source.transaction((tx) => tx.send('in', { partition: 0, value: String(i) }))
    }
    await source
      .transaction(async (tx) => {
        await tx.send('in', { partition: 0, value: '99' })
        throw new Error('changed my mind')
      })
      .catch(() => {})
    const end = () => setup.broker.partition('in', 0).highWatermark
    const one = consumer()
    const running = copy(one, producer())
    const committed = () => setup.broker.group('g')?.offsets.find(({ partition }) => partition === 0)?.offset
    await until(() => end() === 8n && committed() === 8n, 'the position behind the last marker', 20_000)
    await one.close()
    await running
    expect(await settledResults()).toEqual([0, 1, 2])
  })

  test('the signal ends the processing after the transaction under way', async () => {
    await fill(0, 3)
    const done = new AbortController()
    const one = consumer()
    await one.processTransactionally(
      producer(),
      async (_, tx) => {
        await tx.send('out', { value: '7' })
        done.abort()
      },
      { signal: done.signal, maxWaitMs: 100 },
    )
    await until(() => results().length > 0, 'the result', 20_000)
    expect(await settledResults()).toEqual([7])
  })

  test('partitions that are given by hand are processed under a group id as well', async () => {
    await fill(0, 6)
    const one = keep(
      setup.kafka.consumer({
        groupId: 'by hand',
        assign: [{ topic: 'in', partition: 0 }],
        startFrom: 'earliest',
        isolationLevel: 'read_committed',
      }),
    )
    const running = one.processTransactionally(producer(), async (batch, tx) => {
      for (const { value } of batch) await tx.send('out', { value: value as Buffer })
    })
    await until(() => results().length === 2, 'the results', 20_000)
    await one.close()
    await running
    expect(setup.broker.group('by hand')?.offsets).toMatchObject([{ partition: 0, offset: 2n }])
  })

  test('a consumer or producer with which nothing can be promised is refused', async () => {
    const uncommitted = consumer({ isolationLevel: 'read_uncommitted' })
    const error = await rejectionOf(copy(uncommitted, producer()))
    expect(error).toBeInstanceOf(InvalidOptionError)
    expect(error.message).toContain("make it 'read_committed'")
    const withoutGroup = keep(
      setup.kafka.consumer({ assign: [{ topic: 'in', partition: 0 }], isolationLevel: 'read_committed' }),
    )
    await expect(withoutGroup.processTransactionally(producer(), () => {})).rejects.toThrow(
      "needs a 'groupId'",
    )
    await fill(0, 1)
    const plain = keep(setup.kafka.producer())
    await expect(copy(consumer(), plain)).rejects.toMatchObject({ code: 'INVALID_TXN_STATE' })
  })
})
