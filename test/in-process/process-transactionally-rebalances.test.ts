// Guards exactly-once processing while members come, go and lose partitions, and while coordinators move.
import type { Consumer } from '../../src'
import { until } from './support/case-runner'
import { numbers, TransactionalCopying } from './support/transactional-copying'

const setup = new TransactionalCopying()
const { committedOffsets, consumer, copy, fill, markers, producer, results, settledResults } = setup

afterEach(setup.close)

describe.each([1, 2] as const)('with transaction.version %i', (version) => {
  beforeEach(() => setup.startWith(version))

  test.each([['cooperative-sticky'], ['range']] as const)(
    'G8, X5: members with %s that come and go in the middle of rounds neither lose nor repeat a message',
    async (assignor) => {
      const count = 240
      const feeding = fill(0, count)
      const members: Consumer<readonly ['in']>[] = []
      const runs: Promise<void>[] = []
      const join = (name: string) => {
        const member = consumer({ assignors: [assignor] })
        members.push(member)
        runs.push(
          member.processTransactionally(
            producer(name),
            async (batch, tx) => {
              for (const { value } of batch) {
                await new Promise((resolve) => setTimeout(resolve, 2))
                void tx.send('out', { value }).catch(() => {})
              }
            },
            { maxMessages: 15 },
          ),
        )
      }
      join('a')
      await until(() => results().length > 10, 'the first results', 20_000)
      join('b')
      await until(() => results().length > 60, 'results of two', 20_000)
      join('c')
      await until(() => results().length > 120, 'results of three', 20_000)
      await members[0]?.close()
      await feeding
      await until(() => results().length >= count, 'all results', 20_000)
      await Promise.all(members.map((member) => member.close()))
      await Promise.all(runs)
      expect(await settledResults()).toEqual(numbers(count))
      expect(committedOffsets()).toEqual([80, 80, 80])
    },
  )

  test('X5: a round whose partitions were lost meanwhile is aborted, and its handler is told', async () => {
    await fill(0, 3)
    const one = consumer({ maxPollIntervalMs: 300, rebalanceTimeoutMs: 300 })
    let signals = 0
    const running = one.processTransactionally(
      producer(),
      async (batch, tx, { signal }) => {
        await tx.send(
          'out',
          [...batch].map(({ value }) => ({ value })),
        )
        if (signals > 0) return
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        signals++
      },
      { maxWaitMs: 100 },
    )
    await until(() => results().length >= 3, 'the results', 20_000)
    await one.close()
    await running
    expect(signals).toBe(1)
    expect(markers()).toContain('abort')
    expect(await settledResults()).toEqual([0, 1, 2])
  })

  test('a revocation waits for the transaction under way', async () => {
    await fill(0, 3)
    const order: string[] = []
    const one = consumer({ assignors: ['range'], onPartitionsRevoked: () => void order.push('revoked') })
    const running = one.processTransactionally(
      producer(),
      async (batch, tx) => {
        await tx.send(
          'out',
          [...batch].map(({ value }) => ({ value })),
        )
        order.push('handled')
        void consumer({ assignors: ['range'] }).connect()
        await until(() => setup.broker.group('g')?.state === 'PreparingRebalance', 'the rebalance', 20_000)
        await new Promise((resolve) => setTimeout(resolve, 200))
      },
      { maxWaitMs: 100 },
    )
    await until(() => order.includes('revoked'), 'the revocation', 20_000)
    expect(order).toEqual(['handled', 'revoked'])
    expect(await settledResults()).toEqual([0, 1, 2])
    await one.close()
    await running
  })

  test('G10, X5: with revocationGraceMs 0 a round is told of a revocation at once, and is processed again by the next owner', async () => {
    await fill(0, 3)
    const order: string[] = []
    const one = consumer({
      assignors: ['range'],
      revocationGraceMs: 0,
      onPartitionsRevoked: () => void order.push('revoked'),
    })
    const another = consumer({ assignors: ['range'] })
    let copying: Promise<void> | undefined
    const running = one.processTransactionally(
      producer('one'),
      async (batch, tx, { signal }) => {
        await tx.send(
          'out',
          [...batch].map(({ value }) => ({ value })),
        )
        if (copying !== undefined) return
        copying = copy(another, producer('another'))
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        await new Promise((resolve) => setTimeout(resolve, 50))
        order.push('told')
      },
      { maxWaitMs: 100 },
    )
    await until(() => results().length >= 3, 'the results', 20_000)
    expect(order).toEqual(['told', 'revoked'])
    expect(await settledResults()).toEqual([0, 1, 2])
    expect(markers()).toContain('abort')
    await Promise.all([one.close(), another.close()])
    await Promise.all([running, copying])
  })
})

test('coordinators that move in the middle lose and repeat nothing', async () => {
  await setup.startReplicated()
  const feeding = fill(0, 300)
  const one = consumer()
  const running = copy(one, producer('tx', { maxBlockMs: 20_000, deliveryTimeoutMs: 20_000 }), {
    maxMessages: 10,
  })
  for (const id of setup.broker.brokerIds) {
    const before = results().length
    await until(() => results().length > before, 'progress', 20_000)
    await setup.broker.stopBroker(id)
    await setup.broker.startBroker(id)
  }
  await feeding
  await until(() => results().length >= 300, 'the results', 20_000)
  await one.close()
  await running
  expect(await settledResults()).toEqual(numbers(300))
}, 60_000)
