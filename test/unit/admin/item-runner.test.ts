// Guards against a call over many items that repeats what was done, loses an item, or lets one failure fail the others.
import { Deadline } from '../../../src/base/deadline'
import { ErrorCode } from '../../../src/base/error-codes'
import {
  AbortedError,
  AuthenticationError,
  BrokerError,
  ConnectionError,
  TimeoutError,
} from '../../../src/base/errors'
import type { Outcome } from '../../../src/admin/item-result'
import { codes, runItems, type ItemCall, type Shard } from '../../../src/admin/item-runner'
import { FakeCluster } from './fake-cluster'

const busy = () => new BrokerError(ErrorCode.REQUEST_TIMED_OUT, 'Not done')
const exists = () => new BrokerError(ErrorCode.TOPIC_ALREADY_EXISTS, 'Not done')

function setUp(timeoutMs = 60_000, signal?: AbortSignal) {
  const cluster = new FakeCluster()
  const deadline = new Deadline(cluster.clock, 'createThings', timeoutMs, signal)
  return { cluster, call: { cluster, deadline, requestTimeoutMs: 30_000 } }
}

/** One shard per item, answered by `answer`; counts the attempts of each. */
function perItem(answer: (item: string, attempt: number) => Outcome<number> | Error) {
  const attempts: Record<string, number> = {}
  const shard = (item: string): Shard<string, number> => ({
    items: [item],
    send: async () => {
      attempts[item] = (attempts[item] ?? 0) + 1
      const outcome = answer(item, attempts[item])
      if (outcome instanceof Error) throw outcome
      return new Map([[item, outcome]])
    },
  })
  const itemCall: ItemCall<string, number> = {
    plan: (items) => Promise.resolve(items.map(shard)),
    retried: codes('REQUEST_TIMED_OUT'),
  }
  return { attempts, itemCall }
}

it('tries only the failed items again and keeps what was done', async () => {
  const { cluster, call } = setUp()
  const { attempts, itemCall } = perItem((item, attempt) =>
    item === 'b' && attempt < 3 ? { error: busy() } : { value: attempt },
  )
  const running = runItems(call, ['a', 'b', 'c'], itemCall)
  await cluster.clock.advance(1000)
  const outcomes = await running
  expect(attempts).toEqual({ a: 1, b: 3, c: 1 })
  expect(outcomes.get('b')).toEqual({ value: 3 })
})

it('shows an error that no retry helps at once, beside the items that succeeded', async () => {
  const { call } = setUp()
  const error = exists()
  const { attempts, itemCall } = perItem((item) => (item === 'a' ? { error } : { value: 1 }))
  const outcomes = await runItems(call, ['a', 'b'], itemCall)
  expect([...outcomes.values()]).toEqual([{ error }, { value: 1 }])
  expect(attempts).toEqual({ a: 1, b: 1 })
})

it('fails only the items of a shard whose request fails', async () => {
  const { call } = setUp()
  const error = new AuthenticationError('SASL_AUTHENTICATION_FAILED', 'Wrong password')
  const { itemCall } = perItem((item) => (item === 'a' ? error : { value: 1 }))
  const outcomes = await runItems(call, ['a', 'b'], itemCall)
  expect(outcomes.get('a')).toEqual({ error })
  expect(outcomes.get('b')).toEqual({ value: 1 })
})

it('does not let a slow shard hold up the retries of another', async () => {
  const { cluster, call } = setUp()
  const { attempts, itemCall } = perItem((_item, attempt) => (attempt < 2 ? { error: busy() } : { value: 1 }))
  let release = () => {}
  const slow: Shard<string, number> = {
    items: ['slow'],
    send: () => new Promise((resolve) => (release = () => resolve(new Map([['slow', { value: 9 }]])))),
  }
  const running = runItems(call, ['slow', 'quick'], {
    ...itemCall,
    plan: async (items) => [
      ...(items.includes('slow') ? [slow] : []),
      ...(await itemCall.plan(items.filter((item) => item !== 'slow'))),
    ],
  })
  await cluster.clock.advance(1000)
  expect(attempts).toEqual({ quick: 2 })
  release()
  expect((await running).get('slow')).toEqual({ value: 9 })
})

it('ends an item at the deadline with a TimeoutError that carries the last answer', async () => {
  const { cluster, call } = setUp(500)
  const { itemCall } = perItem((item) => (item === 'a' ? { error: busy() } : { value: 1 }))
  const running = runItems(call, ['a', 'b'], itemCall)
  await cluster.clock.advance(500)
  const outcomes = await running
  const outcome = outcomes.get('a') as { error: TimeoutError }
  expect(outcome.error).toBeInstanceOf(TimeoutError)
  expect(outcome.error.message).toMatch(/createThings did not succeed .* REQUEST_TIMED_OUT/)
  expect(outcome.error.cause).toBeInstanceOf(BrokerError)
  expect(outcomes.get('b')).toEqual({ value: 1 })
})

it('keeps the last answer as the cause when the deadline ends the attempt after it, and that it may have been acted upon', async () => {
  const { cluster, call } = setUp(1000)
  const cut = new TimeoutError('TIMEOUT', 'createThings ran out of time', { maybeWritten: true })
  const answer = busy()
  const { itemCall } = perItem(() => ({ error: answer }))
  let rounds = 0
  const plan = (items: readonly string[]) =>
    ++rounds === 1
      ? itemCall.plan(items)
      : Promise.resolve([
          { items: [...items], send: () => call.deadline.sleep(5000).then(() => Promise.reject(cut)) },
        ])
  const running = runItems(call, ['a'], { ...itemCall, plan })
  await cluster.clock.advance(2000)
  const outcome = (await running).get('a')
  expect(rounds).toBe(2)
  expect(outcome).toMatchObject({ error: { code: 'TIMEOUT', cause: answer, maybeWritten: true } })
})

it('tries again after a lost connection, and asks to plan anew', async () => {
  const { cluster, call } = setUp()
  const before: string[] = []
  const { attempts, itemCall } = perItem((_item, attempt) =>
    attempt === 1 ? new ConnectionError('CONNECTION_LOST', 'Gone') : { value: 1 },
  )
  const running = runItems(call, ['a'], {
    ...itemCall,
    beforeRetry: (item, error) => before.push(`${item} ${error.code}`),
  })
  await cluster.clock.advance(1000)
  await running
  expect(attempts).toEqual({ a: 2 })
  expect(before).toEqual(['a CONNECTION_LOST'])
})

it('fails all items of a call that cannot be planned', async () => {
  const { call } = setUp()
  const error = new AuthenticationError('SASL_AUTHENTICATION_FAILED', 'Wrong password')
  const { itemCall } = perItem(() => ({ value: 1 }))
  const outcomes = await runItems(call, ['a', 'b'], { ...itemCall, plan: () => Promise.reject(error) })
  expect([...outcomes.values()]).toEqual([{ error }, { error }])
})

it('says so when a broker leaves an item out of its answer', async () => {
  const { call } = setUp()
  const outcomes = await runItems<string, number>(call, ['a', 'b'], {
    plan: (items) =>
      Promise.resolve([{ items, send: () => Promise.resolve(new Map([['a', { value: 1 }]])) }]),
    retried: codes(),
  })
  expect(outcomes.get('b')).toMatchObject({ error: { code: 'INCOMPLETE_RESPONSE' } })
})

it('rejects with AbortedError when the signal fires during a wait', async () => {
  const controller = new AbortController()
  const { cluster, call } = setUp(60_000, controller.signal)
  const { itemCall } = perItem(() => ({ error: busy() }))
  const running = runItems(call, ['a'], itemCall)
  const rejected = expect(running).rejects.toBeInstanceOf(AbortedError)
  await cluster.clock.advance(10)
  controller.abort()
  await rejected
  expect(cluster.clock.pendingTimers).toBe(0)
})

it('rejects with AbortedError when a request ends by the signal, as no item failed by itself', async () => {
  const controller = new AbortController()
  controller.abort()
  const { call } = setUp()
  const error = new AbortedError('createThings', controller.signal)
  const { itemCall } = perItem((item) => (item === 'a' ? error : { value: 1 }))
  await expect(runItems(call, ['a', 'b'], itemCall)).rejects.toBe(error)
  const unplanned = { ...itemCall, plan: () => Promise.reject(error) }
  await expect(runItems(call, ['a', 'b'], unplanned)).rejects.toBe(error)
})

it('sends nothing for no items', async () => {
  const { call } = setUp()
  const outcomes = await runItems<string, number>(call, [], {
    plan: () => Promise.reject(new Error('was planned')),
    retried: codes(),
  })
  expect(outcomes.size).toBe(0)
})
