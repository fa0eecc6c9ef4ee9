// Guards the end of the error policy: a message that is given up must be somewhere. It is skipped only when someone said
// so, counts as finished only when its dead letter is stored, and otherwise the run stops before it.
import type { KafkaError } from '../../../../src/base/errors'
import { KafkaError as KafkaErrorClass } from '../../../../src/base/errors'
import { onDiagnostics } from '../../../../src/base/diagnostics'
import {
  deadLetter,
  deadLetterHeaders,
  type DeadLetterMessage,
} from '../../../../src/consumer/failures/dead-letter'
import type { FailedMessage } from '../../../../src/consumer/failures/failed-message'
import { settle } from '../../support/fake-clock'
import { groupConsumer, partitionsOf, shown, until } from '../support/consumer-bench'

/** A producer that keeps what it is sent. */
function fakeProducer(send?: () => Promise<unknown>) {
  const sent: { topic: string; message: DeadLetterMessage }[] = []
  return {
    sent,
    send: async (topic: string, message: DeadLetterMessage) => {
      await send?.()
      sent.push({ topic, message })
    },
  }
}

class NoSuchAccount extends Error {
  readonly code = 'ACCOUNT'
}

const failsAt = (offset: bigint) => (message: { readonly offset: bigint }) => {
  if (message.offset === offset) throw new NoSuchAccount('no account 7')
}

const quick = { retries: 2, retryBackoffMs: 10 } as const

describe.each(['partition', 'key', 'none'] as const)('giving up, order %s', (order) => {
  it('skip: the message counts as finished after its last attempt', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(5)
    const events: unknown[] = []
    const ends = [
      onDiagnostics('typed-kafka:consumer:message-retried', (event) => events.push(['retried', event])),
      onDiagnostics('typed-kafka:consumer:message-skipped', (event) => events.push(['skipped', event])),
    ]
    try {
      const run = consumer.run(failsAt(2n), { order, onError: { ...quick, giveUp: 'skip' } })
      await group.assign(partitionsOf(0))
      await cluster.clock.advance(1000)
      await consumer.close()
      await run
    } finally {
      for (const end of ends) end()
    }
    expect(group.offsetOf('t', 0)).toBe(5n)
    const about = { clientId: 'test', groupId: 'g', topic: 't', partition: 0, offset: 2n }
    expect(events).toEqual([
      ['retried', expect.objectContaining({ ...about, attempts: 1 })],
      ['retried', expect.objectContaining({ ...about, attempts: 2 })],
      ['skipped', { ...about, attempts: 3, error: expect.any(NoSuchAccount) as unknown }],
    ])
  })

  it('deadLetter: the message is finished once its dead letter is stored, and not before', async () => {
    const { cluster, group, consumer } = groupConsumer({ autoCommitIntervalMs: 100 })
    cluster.log('t', 0).fill(5)
    let store = () => {}
    const producer = fakeProducer(() => new Promise<void>((resolve) => (store = resolve)))
    const events: unknown[] = []
    const end = onDiagnostics('typed-kafka:consumer:message-dead-lettered', (event) => events.push(event))
    const run = consumer.run(failsAt(2n), { order, onError: { ...quick, giveUp: deadLetter(producer) } })
    await group.assign(partitionsOf(0))
    await cluster.clock.advance(5000)
    expect(group.offsetOf('t', 0)).toBe(2n)
    store()
    await cluster.clock.advance(1000)
    end()
    expect(group.offsetOf('t', 0)).toBe(5n)
    expect(producer.sent.map(({ topic, message }) => [topic, String(message.value)])).toEqual([
      ['t.dead-letter', '2'],
    ])
    expect(events).toEqual([expect.objectContaining({ offset: 2n, deadLetterTopic: 't.dead-letter' })])
    await consumer.close()
    await run
  })

  it('a dead letter that cannot be sent stops the run with both errors, and the message stays unfinished', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(5)
    const refused = new KafkaErrorClass('TOPIC_AUTHORIZATION_FAILED', 'not allowed')
    const producer = fakeProducer(() => Promise.reject(refused))
    let error: unknown
    const run = consumer.run(failsAt(2n), { order, onError: { ...quick, giveUp: deadLetter(producer) } })
    run.catch((reason: unknown) => (error = reason))
    await group.assign(partitionsOf(0))
    await cluster.clock.advance(1000)
    expect(error).toMatchObject({
      code: 'DEAD_LETTER_FAILED',
      message:
        'A message could not be sent to its dead-letter topic, at offset 2: not allowed. Its handler had failed: no account 7 (t-0)',
      context: { topic: 't', partition: 0 },
    })
    expect(((error as KafkaError).cause as AggregateError).errors).toEqual([
      expect.any(NoSuchAccount),
      refused,
    ])
    await consumer.close()
    expect(group.offsetOf('t', 0)).toBe(2n)
  })

  it('a function decides by the message and its error, and may take its time', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(6)
    const producer = fakeProducer()
    const asked: FailedMessage[] = []
    const toTopic = deadLetter(producer, { topic: 'broken' })
    const run = consumer.run(
      (message) => {
        if (message.offset >= 4n || message.offset === 1n) throw new Error(`at ${message.offset}`)
      },
      {
        order,
        onError: {
          retries: 0,
          giveUp: async (failed) => {
            asked.push(failed)
            await Promise.resolve()
            if (failed.message.offset === 1n) return 'skip'
            return failed.message.offset === 4n ? toTopic : 'stop'
          },
        },
      },
    )
    let error: unknown
    run.catch((reason: unknown) => (error = reason))
    await group.assign(partitionsOf(0))
    await until(cluster, () => error !== undefined)
    expect(asked.map((failed) => [shown(failed.message), String(failed.error), failed.attempts])).toEqual([
      ['0:1', 'Error: at 1', 1],
      ['0:4', 'Error: at 4', 1],
      ['0:5', 'Error: at 5', 1],
    ])
    expect(producer.sent.map(({ topic }) => topic)).toEqual(['broken'])
    expect(error).toMatchObject({
      code: 'HANDLER_FAILED',
      message: 'The handler failed at offset 5: at 5 (t-0)',
    })
    await consumer.close()
    expect(group.offsetOf('t', 0)).toBe(5n)
  })

  it.each([
    ['throws', () => Promise.reject(new Error('no answer'))],
    ['answers with nothing of use', () => Promise.resolve(undefined as unknown as 'skip')],
  ])(
    'a policy that %s stops the run: nobody said that the message may be passed over',
    async (_what, giveUp) => {
      const { cluster, group, consumer } = groupConsumer()
      cluster.log('t', 0).fill(5)
      let error: unknown
      consumer
        .run(failsAt(2n), { order, onError: { retries: 0, giveUp } })
        .catch((reason: unknown) => (error = reason))
      await group.assign(partitionsOf(0))
      await until(cluster, () => error !== undefined)
      expect(error).toMatchObject({ code: 'ERROR_POLICY_FAILED' })
      expect(((error as KafkaError).cause as AggregateError).errors[0]).toBeInstanceOf(NoSuchAccount)
      await consumer.close()
      expect(group.offsetOf('t', 0)).toBe(2n)
    },
  )

  it('isRetriable that throws stops the run too', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(5)
    let error: unknown
    const isRetriable = () => {
      throw new Error('cannot say')
    }
    consumer
      .run(failsAt(2n), { order, onError: { isRetriable } })
      .catch((reason: unknown) => (error = reason))
    await group.assign(partitionsOf(0))
    await until(cluster, () => error !== undefined)
    expect(error).toMatchObject({ code: 'ERROR_POLICY_FAILED' })
    await consumer.close()
    expect(group.offsetOf('t', 0)).toBe(2n)
  })

  it('L14: a revocation waits for the dead letter that is on its way, and commits behind it', async () => {
    const { cluster, group, consumer } = groupConsumer({ rebalanceTimeoutMs: 60_000 }, 2)
    cluster.log('t', 0).fill(3)
    let store = () => {}
    const producer = fakeProducer(() => new Promise<void>((resolve) => (store = resolve)))
    const onError = { retries: 0, giveUp: deadLetter(producer) }
    const run = consumer.run(failsAt(2n), { order, onError })
    await group.assign(partitionsOf(0, 1))
    await cluster.clock.advance(50)
    const revoked = group.revoke(partitionsOf(0))
    await cluster.clock.advance(5000)
    expect(group.events).not.toContain('revoked')
    store()
    await revoked
    expect(group.offsetOf('t', 0)).toBe(3n)
    await consumer.close()
    await run
  })

  it('C5: a seek while a dead letter is on its way leads elsewhere, and nothing is left out there', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(20)
    let store = () => {}
    const producer = fakeProducer(() => new Promise<void>((resolve) => (store = resolve)))
    const seen: string[] = []
    const run = consumer.run(
      async (message) => {
        failsAt(2n)(message)
        seen.push(shown(message))
        if (message.offset === 10n)
          await new Promise<void>((resolve) => void cluster.clock.setTimer(50, resolve))
      },
      { order, onError: { retries: 0, giveUp: deadLetter(producer) } },
    )
    await group.assign(partitionsOf(0))
    await cluster.clock.advance(50)
    consumer.seek({ topic: 't', partition: 0 }, 10n)
    await settle()
    store()
    await cluster.clock.advance(500)
    expect(seen.slice(-10)).toEqual(Array.from({ length: 10 }, (_, i) => `0:${i + 10}`))
    await consumer.close()
    await run
    expect(group.offsetOf('t', 0)).toBe(20n)
  })

  it('stop waits for the dead letter that is on its way', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(3)
    let store = () => {}
    const producer = fakeProducer(() => new Promise<void>((resolve) => (store = resolve)))
    const run = consumer.run(failsAt(2n), { order, onError: { retries: 0, giveUp: deadLetter(producer) } })
    await group.assign(partitionsOf(0))
    await cluster.clock.advance(50)
    let isStopped = false
    const stopped = consumer.stop().then(() => (isStopped = true))
    await cluster.clock.advance(1000)
    expect(isStopped).toBe(false)
    store()
    await stopped
    await run
    expect(group.offsetOf('t', 0)).toBe(3n)
    await consumer.close()
  })
})

describe('a dead letter', () => {
  const text = (value: unknown) => (value === null ? null : String(value))

  it('has the bytes, headers and timestamp of its message, and says where it was and why it failed', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster
      .log('t', 0)
      .append([
        { key: 'k', value: 'v', timestamp: 1234, headers: [{ key: 'trace', value: Buffer.from('abc') }] },
      ])
    const producer = fakeProducer()
    const giveUp = deadLetter(producer, {
      topic: (message) => `${message.topic}-${message.partition}-failed`,
      headers: ({ attempts }) => ({ team: `billing ${attempts}` }),
    })
    const run = consumer.run(failsAt(0n), { onError: { ...quick, giveUp } })
    await group.assign(partitionsOf(0))
    await until(cluster, () => producer.sent.length === 1)
    await consumer.close()
    await run
    const [{ topic, message }] = producer.sent as [(typeof producer.sent)[number]]
    expect([topic, String(message.key), String(message.value), message.timestamp]).toEqual([
      't-0-failed',
      'k',
      'v',
      1234,
    ])
    const { time, ...rest } = Object.fromEntries(
      Object.entries(deadLetterHeaders).map(([field, name]) => [field, text(message.headers[name])]),
    )
    expect(rest).toEqual({
      topic: 't',
      partition: '0',
      offset: '0',
      timestamp: '1234',
      group: 'g',
      attempts: '3',
      error: 'NoSuchAccount',
      errorCode: 'ACCOUNT',
      errorMessage: 'no account 7',
    })
    expect(Number(time)).toBeGreaterThan(1_600_000_000_000)
    expect([text(message.headers.trace), text(message.headers.team)]).toEqual(['abc', 'billing 3'])
  })

  it('keeps the reasons of an earlier time before those of this one', async () => {
    const { cluster, group, consumer } = groupConsumer()
    const earlier = Object.values(deadLetterHeaders).map((key) => ({
      key,
      value: key === deadLetterHeaders.errorCode ? null : Buffer.from(`first ${key}`),
    }))
    cluster.log('t', 0).append([{ value: 'v', headers: earlier }])
    const producer = fakeProducer()
    const run = consumer.run(failsAt(0n), { onError: { retries: 0, giveUp: deadLetter(producer) } })
    await group.assign(partitionsOf(0))
    await until(cluster, () => producer.sent.length === 1)
    await consumer.close()
    await run
    const headers = producer.sent[0]?.message.headers ?? {}
    for (const name of Object.values(deadLetterHeaders)) expect(headers[name]).toHaveLength(2)
    expect([headers[deadLetterHeaders.offset]].flat().map(text)).toEqual(['first dead-letter-offset', '0'])
    expect([headers[deadLetterHeaders.errorCode]].flat().map(text)).toEqual([null, 'ACCOUNT'])
  })

  it('bounds what it says of the error, and takes anything that was thrown', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(4)
    const producer = fakeProducer()
    const thrown: unknown[] = [new Error('x'.repeat(1_000_000)), 'text', null, { code: 42 }]
    const run = consumer.run(
      (message) => {
        throw thrown[Number(message.offset)] as Error
      },
      { onError: { retries: 0, giveUp: deadLetter(producer) } },
    )
    await group.assign(partitionsOf(0))
    await until(cluster, () => producer.sent.length === 4)
    await consumer.close()
    await run
    const about = producer.sent.map(({ message: { headers } }) => [
      text(headers[deadLetterHeaders.error]),
      text(headers[deadLetterHeaders.errorCode]),
      text(headers[deadLetterHeaders.errorMessage])?.length,
    ])
    expect(about).toEqual([
      ['Error', null, 1024],
      ['string', null, 4],
      ['null', null, 4],
      ['object', '42', 15],
    ])
  })

  it('takes nothing but a producer', () => {
    expect(() => deadLetter({} as unknown as ReturnType<typeof fakeProducer>)).toThrow('must be a producer')
  })
})

it('a run without a policy ends at the first failure, as it always did', async () => {
  const { cluster, group, consumer } = groupConsumer()
  cluster.log('t', 0).fill(5)
  let error: unknown
  consumer.run(failsAt(2n)).catch((reason: unknown) => (error = reason))
  await group.assign(partitionsOf(0))
  await settle()
  await until(cluster, () => error !== undefined)
  expect(error).toMatchObject({
    code: 'HANDLER_FAILED',
    message: expect.stringContaining('no account 7') as unknown,
  })
  await consumer.close()
})
