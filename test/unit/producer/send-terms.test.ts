// Guards against calls that get another's compression or time, and against order or sequences that are lost where
// batches are closed because calls differ.
import { InvalidOptionError } from '../../../src'
import type { SendOptions } from '../../../src/producer/outgoing-message'
import { settle } from '../support/fake-clock'
import { closeAll, outcome, setUp } from './support/producer-setup'

afterEach(closeAll)

const gzip = 1
const lz4 = 3

/** What the requests under way carry: codec and values of each batch. */
function carried(cluster: ReturnType<typeof setUp>['cluster']): [number, (string | null)[]][] {
  return cluster.pending.flatMap(({ batches }) =>
    batches.map(({ batch, values }): [number, (string | null)[]] => [batch.compressionType, values]),
  )
}

/** A producer that has had one success, so that several requests may be in flight. */
async function proven(options = {}, leaders: readonly number[] = [1]) {
  const all = setUp(options, leaders)
  const send = (value: string, of?: SendOptions, partition = 0) =>
    outcome(all.producer.send('t', { value, partition }, of))
  const first = send('first')
  await settle()
  all.cluster.next.answer({ baseOffset: 0n })
  await first
  return { ...all, send }
}

describe('the compression of one call', () => {
  test('counts before the producer’s, for that call alone', async () => {
    const { cluster, send } = await proven({ compression: 'gzip' })
    const sent = [send('a'), send('b', { compression: 'lz4' }), send('c', { compression: 'none' }), send('d')]
    await settle()
    expect(carried(cluster)).toEqual([
      [gzip, ['a']],
      [lz4, ['b']],
      [0, ['c']],
      [gzip, ['d']],
    ])
    cluster.pending.forEach((produce, i) => produce.answer({ baseOffset: BigInt(1 + i) }))
    expect(await Promise.all(sent)).toEqual([1n, 2n, 3n, 4n])
  })

  test('calls that ask for the same share a batch, however they say it', async () => {
    const { cluster, send } = await proven({ compression: 'lz4' })
    void send('a')
    void send('b', { compression: 'lz4' })
    void send('c', { compression: { type: 'lz4' } })
    void send('d', { compression: 'gzip' })
    void send('e', { compression: { type: 'gzip' } })
    void send('f', { compression: { type: 'gzip', level: 9 } })
    await settle()
    expect(carried(cluster)).toEqual([
      [lz4, ['a', 'b', 'c']],
      [gzip, ['d', 'e']],
      [gzip, ['f']],
    ])
  })

  test('P1: a retry keeps the order and the sequences of batches that are compressed differently', async () => {
    const { cluster, clock, send } = await proven()
    const sent = [send('a'), send('b', { compression: 'gzip' }), send('c')]
    await settle()
    const sequences = () => cluster.pending.map(({ only }) => only.batch.baseSequence)
    expect(sequences()).toEqual([1, 2, 3])
    const [one, ...others] = cluster.pending
    one?.refuse(7)
    for (const other of others) other.refuse(45)
    await clock.advance(200)
    expect(carried(cluster)).toEqual([[0, ['a']]])
    cluster.next.answer({ baseOffset: 1n })
    await settle()
    expect(sequences()).toEqual([2, 3])
    expect(carried(cluster)).toEqual([
      [gzip, ['b']],
      [0, ['c']],
    ])
    cluster.pending.forEach((produce, i) => produce.answer({ baseOffset: BigInt(2 + i) }))
    expect(await Promise.all(sent)).toEqual([1n, 2n, 3n])
  })

  test('a batch that is cut because it is too large keeps it in its parts', async () => {
    const { cluster, producer } = await proven()
    const messages = ['a', 'b'].map((value) => ({ value, partition: 0 }))
    const sent = producer.send('t', messages, { compression: 'gzip' })
    await settle()
    cluster.next.refuse(10)
    await settle()
    for (const [value, baseOffset] of [
      ['a', 1n],
      ['b', 2n],
    ] as const) {
      expect(carried(cluster)).toEqual([[gzip, [value]]])
      cluster.next.answer({ baseOffset })
      await settle()
    }
    expect((await sent).map(({ offset }) => offset)).toEqual([1n, 2n])
  })

  test('a call that waits for metadata keeps its own', async () => {
    const { cluster, producer } = setUp({}, [])
    const sent = outcome(producer.send('t', { value: 'a', partition: 0 }, { compression: 'gzip' }))
    await settle()
    cluster.metadata.setTopic('t', [1])
    await settle()
    expect(carried(cluster)).toEqual([[gzip, ['a']]])
    cluster.next.answer({ baseOffset: 0n })
    expect(await sent).toBe(0n)
  })

  test('P9: a call that turns out wrong takes its messages back, and what it closed is still sent', async () => {
    const { cluster, producer, send } = await proven()
    const before = send('a')
    const wrong = [
      { value: 'b', partition: 0 },
      { value: 4 as never, partition: 0 },
    ]
    await expect(producer.send('t', wrong, { compression: 'gzip' })).rejects.toThrow()
    const after = send('c')
    await settle()
    expect(carried(cluster)).toEqual([
      [0, ['a']],
      [0, ['c']],
    ])
    cluster.pending.forEach((produce, i) => produce.answer({ baseOffset: BigInt(1 + i) }))
    expect([await before, await after]).toEqual([1n, 2n])
    expect(producer.bufferedBytes).toBe(0)
  })

  test('one that cannot be is refused, and nothing is sent', async () => {
    const { cluster, producer } = await proven()
    const refusalOf = (options: object) =>
      producer.send('t', { value: 'a' }, options).catch((e: unknown) => e)
    for (const compression of ['brotli', { type: 'gzip', level: 99 }, { type: 'lz4', level: 1 }, null]) {
      expect(await refusalOf({ compression })).toBeInstanceOf(InvalidOptionError)
    }
    expect(await refusalOf({ acknowledgementTimeoutMs: 0 })).toMatchObject({
      code: 'INVALID_OPTION',
      message: "Wrong options for send: option 'acknowledgementTimeoutMs' is 0: must be 1 or more",
    })
    await settle()
    expect(cluster.pending).toEqual([])
  })
})

describe('the time that replicas get for one call', () => {
  const timeouts = (cluster: ReturnType<typeof setUp>['cluster']) =>
    cluster.pending.map(({ request, values }) => [request.timeoutMs, values])

  test('is in its request, and calls of other times go in others', async () => {
    const { cluster, send } = await proven({}, [1, 1, 1])
    const own = { acknowledgementTimeoutMs: 500 }
    const sent = [send('a', {}, 0), send('b', own, 1), send('c', own, 2), send('d', own, 0), send('e', {}, 1)]
    await settle()
    expect(timeouts(cluster)).toEqual([
      [30_000, ['a']],
      [500, ['d', 'b', 'c']],
    ])
    for (const produce of cluster.pending) produce.answer({ baseOffset: 1n })
    await settle()
    expect(timeouts(cluster)).toEqual([[30_000, ['e']]])
    cluster.next.answer({ baseOffset: 2n })
    await Promise.all(sent)
  })

  test('is never longer than we wait ourselves', async () => {
    const { cluster, send } = await proven({ requestTimeoutMs: 1000 })
    void send('a', { acknowledgementTimeoutMs: 9000 })
    await settle()
    expect(timeouts(cluster)).toEqual([[1000, ['a']]])
  })

  test('what a leader answers when it is over is tried again', async () => {
    const { cluster, clock, send } = await proven()
    const sent = send('a', { acknowledgementTimeoutMs: 500 })
    await settle()
    cluster.next.refuse(7)
    await clock.advance(200)
    expect(timeouts(cluster)).toEqual([[500, ['a']]])
    cluster.next.answer({ baseOffset: 1n })
    expect(await sent).toBe(1n)
  })
})
