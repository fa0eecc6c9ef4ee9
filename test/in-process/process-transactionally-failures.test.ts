// Guards exactly-once processing against errors and lost answers: an end that is not known must neither lose nor repeat.
import { FencedError } from '../../src'
import { rejectionOf } from '../support/rejection'
import { until } from './support/case-runner'
import { numbers, TransactionalCopying } from './support/transactional-copying'

const setup = new TransactionalCopying()
const { committedOffsets, consumer, copy, fill, markers, producer, results, settledResults } = setup

afterEach(setup.close)

describe.each([1, 2] as const)('with transaction.version %i', (version) => {
  beforeEach(() => setup.startWith(version))

  test('a fenced producer ends the run for good, and leaves nothing visible', async () => {
    await fill(0, 6)
    const one = consumer()
    const running = one.processTransactionally(producer(), async (_, tx) => {
      await tx.send('out', { value: '-1' })
      await producer().connect()
    })
    expect(await rejectionOf(running)).toBeInstanceOf(FencedError)
    await one.close()
    expect(await settledResults()).toEqual([])
    expect(committedOffsets()).toEqual([])
  })

  test.each([
    ['TxnOffsetCommit', 'ILLEGAL_GENERATION'],
    ['TxnOffsetCommit', 'UNKNOWN_MEMBER_ID'],
    ['TxnOffsetCommit', 'REBALANCE_IN_PROGRESS'],
    ['TxnOffsetCommit', 'TRANSACTION_ABORTABLE'],
    ['TxnOffsetCommit', 'COORDINATOR_LOAD_IN_PROGRESS'],
    ['TxnOffsetCommit', 'NOT_COORDINATOR'],
    ['EndTxn', 'NOT_COORDINATOR'],
    ['EndTxn', 'CONCURRENT_TRANSACTIONS'],
    ['EndTxn', 'TRANSACTION_ABORTABLE'],
    ['InitProducerId', 'COORDINATOR_NOT_AVAILABLE'],
    ['Produce', 'NOT_LEADER_OR_FOLLOWER'],
  ] as const)('X6: after %s with %s the messages are processed, once', async (api, code) => {
    await fill(0, 30)
    setup.broker.faults.fail(api, code, { times: 1 })
    const one = consumer()
    const running = copy(one, producer(), { maxMessages: 7 })
    await until(() => results().length >= 30, 'the results', 20_000)
    await one.close()
    await running
    expect(await settledResults()).toEqual(numbers(30))
    expect(committedOffsets()).toEqual([10, 10, 10])
  })

  test('a lost batch is processed again, with a new epoch', async () => {
    await fill(0, 30)
    setup.broker.faults.failProduce({ topic: 'out', error: 'OUT_OF_ORDER_SEQUENCE_NUMBER', times: 1 })
    const one = consumer()
    const running = copy(one, producer(), { maxMessages: 7 })
    await until(() => results().length >= 30, 'the results', 20_000)
    await one.close()
    await running
    expect(await settledResults()).toEqual(numbers(30))
  })

  test('a message that the setup.broker refuses for good ends the run', async () => {
    await fill(0, 3)
    setup.broker.faults.failProduce({ topic: 'out', error: 'TOPIC_AUTHORIZATION_FAILED' })
    const one = consumer()
    const unawaited = one.processTransactionally(producer(), (batch, tx) => {
      for (const { value } of batch) tx.send('out', { value }).catch(() => {})
    })
    expect(await rejectionOf(unawaited)).toMatchObject({ code: 'TOPIC_AUTHORIZATION_FAILED' })
    expect(await settledResults()).toEqual([])
    expect(committedOffsets()).toEqual([])
  })

  test('T6: a commit without any answer is asked for until its outcome is known', async () => {
    await fill(0, 30)
    const heal = setup.broker.faults.dropResponse('EndTxn')
    const one = consumer()
    const running = copy(one, producer('tx', { deliveryTimeoutMs: 400, lingerMs: 0 }), { maxMessages: 7 })
    const commits = () => setup.broker.requests.filter({ api: 'EndTxn' })
    await until(() => commits().length >= 4, 'repeated commits', 20_000)
    expect(commits().every(({ request }) => (request as { committed: boolean }).committed)).toBe(true)
    heal()
    await until(() => results().length >= 30, 'the results', 20_000)
    await one.close()
    await running
    expect(await settledResults()).toEqual(numbers(30))
    expect(new Set(markers())).toEqual(new Set(['commit']))
  })

  test('X3: where the outcome stayed unknown the next run goes on from what the group has, not from its own position', async () => {
    await fill(0, 9)
    const heal = setup.broker.faults.dropResponse('EndTxn')
    const one = consumer()
    const first = producer('tx', { deliveryTimeoutMs: 400 })
    const failure = rejectionOf(copy(one, first))
    await until(() => setup.broker.requests.filter({ api: 'EndTxn' }).length >= 2, 'a commit', 20_000)
    await first.close({ timeoutMs: 0 })
    expect(await failure).toMatchObject({ code: 'CLOSED' })
    heal()
    const running = copy(one, producer('tx'))
    await fill(9, 12)
    await until(() => results().length >= 12, 'the results', 20_000)
    await one.stop()
    await running
    expect(await settledResults()).toEqual(numbers(12))
  })

  test('a close that cannot learn the outcome rejects with it, and commits nothing else', async () => {
    await fill(0, 3)
    setup.broker.faults.closeBefore('EndTxn')
    const one = consumer()
    const failure = rejectionOf(copy(one, producer('tx', { deliveryTimeoutMs: 300 })))
    await until(() => setup.broker.requests.filter({ api: 'EndTxn' }).length >= 2, 'a commit', 20_000)
    await one.close({ timeoutMs: 200 })
    expect(await failure).toMatchObject({ code: 'TRANSACTION_OUTCOME_UNKNOWN' })
    expect(setup.broker.requests.filter({ api: 'OffsetCommit' })).toEqual([])
  })
})
