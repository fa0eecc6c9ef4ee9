// Guards against calls that never settle, memory that is never given back, and errors that say the wrong thing.
import { AuthenticationError } from '../../../src/base/errors'
import { settle } from '../support/fake-clock'
import { rejectionOf } from '../../support/rejection'
import { closeAll, outcome, setUp } from './support/producer-setup'

afterEach(closeAll)

const notLeader = 6
const invalidRecord = 87

describe('delivery', () => {
  test('P7: a message that was never sent fails after deliveryTimeoutMs, and is known not to be stored', async () => {
    const { cluster, clock, sendEach, producer } = setUp({}, [-1])
    const [one] = await sendEach('1')
    await clock.advance(120_001)
    expect(await one).toMatchObject({
      code: 'DELIVERY_TIMEOUT',
      maybeStored: false,
      context: { topic: 't', partition: 0 },
    })
    expect(cluster.produced).toHaveLength(0)
    expect(producer.bufferedBytes).toBe(0)
  })

  test('R16: the memory of an expired batch is free once its request has ended, not before', async () => {
    const { cluster, clock, sendEach, producer } = setUp({ deliveryTimeoutMs: 30_000 })
    const [one] = await sendEach('1')
    await clock.advance(30_001)
    expect(await one).toMatchObject({ code: 'DELIVERY_TIMEOUT', maybeStored: true })
    expect(producer.bufferedBytes).toBeGreaterThan(0)
    cluster.next.lose()
    await settle()
    expect(producer.bufferedBytes).toBe(0)
  })

  test('P8: without metadata send ends after maxBlockMs, with what the brokers said', async () => {
    const { clock, producer } = setUp({ maxBlockMs: 1000 }, [])
    const sent = rejectionOf(producer.send('t', { value: '1' }))
    await clock.advance(1100)
    expect(await sent).toMatchObject({ code: 'UNKNOWN_TOPIC_OR_PARTITION' })
  })

  test('P8: the time limit of send comes with what the brokers said, however late the lookup ends', async () => {
    const { cluster, clock, producer } = setUp({ maxBlockMs: 1000 }, [])
    cluster.metadata.lookupsHang = true
    const sent = rejectionOf(producer.send('t', { value: '1' }))
    await clock.advance(1000)
    expect(await sent).toMatchObject({ code: 'UNKNOWN_TOPIC_OR_PARTITION' })
  })

  test('P8: send to brokers that say nothing ends in METADATA_TIMEOUT', async () => {
    const { cluster, clock, producer } = setUp({ maxBlockMs: 1000 }, [])
    cluster.metadata.lookupsHang = true
    cluster.metadata.isSilent = true
    const sent = rejectionOf(producer.send('t', { value: '1' }))
    await clock.advance(1000)
    expect(await sent).toMatchObject({ code: 'METADATA_TIMEOUT' })
  })

  test('P8: one budget covers the wait for metadata and the wait for memory', async () => {
    const { cluster, clock, producer } = setUp(
      { maxBlockMs: 1000, bufferMemoryBytes: 4096, batchSizeBytes: 4096 },
      [],
    )
    const value = 'x'.repeat(3000)
    const first = outcome(producer.send('t', { value, partition: 0 }))
    const second = rejectionOf(producer.send('t', { value, partition: 0 }))
    await clock.advance(600)
    cluster.metadata.setTopic('t', [1])
    await clock.advance(350)
    expect(producer.bufferedBytes).toBeLessThanOrEqual(4096)
    await clock.advance(100)
    expect(await second).toMatchObject({ code: 'BUFFER_EXHAUSTED' })
    cluster.next.answer({ baseOffset: 9n })
    expect(await first).toBe(9n)
  })

  test('L10: memory is never exceeded; calls past it are taken in their order as it comes free', async () => {
    const { cluster, producer } = setUp({ bufferMemoryBytes: 8192, batchSizeBytes: 2048 })
    const value = (i: number) => `${i}:${'x'.repeat(1000)}`
    const sent = Array.from({ length: 40 }, (_, i) => producer.send('t', { value: value(i), partition: 0 }))
    let offset = 0n
    let most = 0
    for (let i = 0; i < 100 && cluster.produced.length < 100; i++) {
      await settle()
      most = Math.max(most, producer.bufferedBytes)
      for (const produce of cluster.pending) {
        produce.answer({ baseOffset: offset })
        offset += BigInt(produce.only.records.length)
      }
    }
    const receipts = await Promise.all(sent)
    expect(receipts.map((receipt) => Number(receipt.offset))).toEqual(receipts.map((_, i) => i))
    expect(cluster.produced.flatMap((produce) => produce.values)).toEqual(receipts.map((_, i) => value(i)))
    expect(most).toBeGreaterThan(4096)
    expect(most).toBeLessThanOrEqual(8192)
    expect(producer.bufferedBytes).toBe(0)
  })

  test('L10: a call with more messages than memory holds is taken bit by bit', async () => {
    const { cluster, producer } = setUp({ bufferMemoryBytes: 8192, batchSizeBytes: 2048 })
    const sent = producer.send(
      't',
      Array.from({ length: 40 }, () => ({ value: 'x'.repeat(1000), partition: 0 })),
    )
    let offset = 0n
    for (let i = 0; i < 60; i++) {
      await settle()
      expect(producer.bufferedBytes).toBeLessThanOrEqual(8192)
      for (const produce of cluster.pending) {
        produce.answer({ baseOffset: offset })
        offset += BigInt(produce.only.records.length)
      }
    }
    expect((await sent).map((receipt) => Number(receipt.offset))).toEqual(
      Array.from({ length: 40 }, (_, i) => i),
    )
  })

  test('L10: lingering ends when memory is short', async () => {
    const { cluster, clock, producer } = setUp({
      bufferMemoryBytes: 4096,
      batchSizeBytes: 4096,
      lingerMs: 60_000,
    })
    void outcome(producer.send('t', { value: 'x'.repeat(3000), partition: 0 }))
    const second = outcome(producer.send('t', { value: 'y'.repeat(3000), partition: 0 }))
    await clock.advance(10)
    cluster.next.answer({ baseOffset: 0n })
    await clock.advance(60_000)
    cluster.next.answer({ baseOffset: 1n })
    expect(await second).toBe(1n)
  })

  test('an aborted call gives up its wait and sends nothing', async () => {
    const { cluster, producer, clock } = setUp({}, [])
    const controller = new AbortController()
    const sent = rejectionOf(producer.send('t', { value: '1' }, { signal: controller.signal }))
    await settle()
    controller.abort()
    expect(await sent).toMatchObject({ code: 'ABORTED' })
    cluster.metadata.setTopic('t', [1])
    await clock.advance(200)
    expect(cluster.produced).toHaveLength(0)
    const late = await rejectionOf(producer.send('t', { value: '1' }, { signal: controller.signal }))
    expect(late).toMatchObject({ code: 'ABORTED' })
  })

  test('P10: with acks 0 nothing is awaited and no offset known; a dead connection is the only error, without retry', async () => {
    const { cluster, sendEach } = setUp({ acks: 0 })
    const [one] = await sendEach('1')
    expect(cluster.next.request.acks).toBe(0)
    cluster.next.answer()
    expect(await one).toBe(-1n)
    const [two] = await sendEach('2')
    cluster.next.lose()
    expect(await two).toMatchObject({ code: 'CONNECTION_LOST', maybeStored: true })
    expect(cluster.produced).toHaveLength(2)
  })

  test('P10: with acks 0 what never left is sent again', async () => {
    const { cluster, clock, sendEach } = setUp({ acks: 0 })
    const [one] = await sendEach('1')
    cluster.next.lose({ maybeWritten: false })
    await clock.advance(200)
    cluster.next.answer()
    expect(await one).toBe(-1n)
  })

  test('P11: a lost connection asks for metadata and retries', async () => {
    const { cluster, clock, sendEach } = setUp()
    const [one] = await sendEach('1')
    cluster.next.lose()
    await settle()
    expect(cluster.metadata.refreshReasons).toHaveLength(1)
    expect(cluster.pending).toHaveLength(0)
    await clock.advance(200)
    cluster.next.answer({ baseOffset: 3n })
    expect(await one).toBe(3n)
  })

  test('P12: a named new leader is followed without backoff', async () => {
    const { cluster, sendEach } = setUp()
    const [one] = await sendEach('1')
    cluster.next.refuse(notLeader, { currentLeader: { leaderId: 2, leaderEpoch: 5 } })
    await settle()
    expect(cluster.metadata.learntLeaders).toEqual([
      { topic: 't', partition: 0, leaderId: 2, leaderEpoch: 5 },
    ])
    expect(cluster.next.nodeId).toBe(2)
    cluster.next.answer({ baseOffset: 0n })
    expect(await one).toBe(0n)
  })

  test('P12: without a hint metadata is asked for and backoff kept; a new leader ends the backoff', async () => {
    const { cluster, clock, sendEach } = setUp()
    const [one] = await sendEach('1')
    cluster.next.refuse(notLeader)
    await settle()
    expect(cluster.pending).toHaveLength(0)
    expect(cluster.metadata.refreshReasons).toHaveLength(1)
    cluster.metadata.setTopic('t', [3], { leaderEpoch: 2 })
    await settle()
    expect(cluster.next.nodeId).toBe(3)
    cluster.next.answer({ baseOffset: 0n })
    expect(await one).toBe(0n)
    expect(clock.now()).toBe(0)
  })

  test('P13: topic ids are used when all are known, names otherwise', async () => {
    const { cluster, sendEach } = setUp()
    void (await sendEach('1'))
    expect(cluster.next.version).toBe(13)
    expect(cluster.next.request.topicData[0]).toMatchObject({ topicId: 'id-of-t' })
    const old = setUp({}, [])
    old.cluster.metadata.setTopic('t', [1], { topicId: 'AAAAAAAAAAAAAAAAAAAAAA' })
    void (await old.sendEach('1'))
    expect(old.cluster.next.version).toBe(12)
  })

  test('P18: a partition that does not exist is waited for, and does not hold up the others', async () => {
    const { cluster, clock, producer } = setUp({ maxBlockMs: 1000 })
    const missing = rejectionOf(producer.send('t', { value: '1', partition: 7 }))
    const other = producer.send('t', { value: '2', partition: 0 })
    await settle()
    cluster.next.answer({ baseOffset: 0n })
    await other
    await clock.advance(1100)
    expect(await missing).toMatchObject({ code: 'UNKNOWN_PARTITION' })
    const later = producer.send('t', { value: '3', partition: 1 })
    await settle()
    cluster.metadata.setTopic('t', [1, 2])
    await clock.advance(200)
    expect(cluster.next.nodeId).toBe(2)
    cluster.next.answer({ baseOffset: 0n })
    await later
  })

  test('P19: flush waits for what was sent before it, retries included, and ends linger', async () => {
    const { cluster, clock, producer } = setUp({ lingerMs: 10_000 })
    const sent = outcome(producer.send('t', { value: '1', partition: 0 }))
    await settle()
    expect(cluster.produced).toHaveLength(0)
    let flushed = false
    const flush = producer.flush().then(() => (flushed = true))
    await settle()
    cluster.next.refuse(notLeader)
    await clock.advance(200)
    expect(flushed).toBe(false)
    cluster.next.answer({ baseOffset: 0n })
    expect(await sent).toBe(0n)
    await flush
    void outcome(producer.send('t', { value: '2', partition: 0 }))
    await settle()
    expect(cluster.pending).toHaveLength(0)
  })

  test('P19: linger holds a batch back for lingerMs and fills it meanwhile', async () => {
    const { cluster, clock, producer } = setUp({ lingerMs: 50 })
    void outcome(producer.send('t', { value: '1', partition: 0 }))
    await clock.advance(30)
    void outcome(producer.send('t', { value: '2', partition: 0 }))
    await clock.advance(19)
    expect(cluster.produced).toHaveLength(0)
    await clock.advance(2)
    expect(cluster.next.values).toEqual(['1', '2'])
  })

  test('P19: flush ends with an error at its own time limit; the messages go on', async () => {
    const { cluster, clock, producer } = setUp()
    const sent = producer.send('t', { value: '1', partition: 0 })
    const flush = rejectionOf(producer.flush({ timeoutMs: 100 }))
    await clock.advance(101)
    expect(await flush).toMatchObject({ code: 'FLUSH_TIMEOUT' })
    cluster.next.answer()
    await sent
  })

  test('L11: close drains, then fails the rest, each message with an error; nothing is left behind', async () => {
    const { cluster, clock, producer } = setUp({}, [1, -1])
    const done = outcome(producer.send('t', { value: '1', partition: 0 }))
    const inFlight = outcome(producer.send('t', { value: '2', partition: 0 }))
    await settle()
    cluster.next.answer({ baseOffset: 0n })
    const stuck = outcome(producer.send('t', { value: '3', partition: 0 }))
    const unsent = outcome(producer.send('t', { value: '4', partition: 1 }))
    const waiting = outcome(producer.send('unknown', { value: '5' }))
    await settle()
    const closed = producer.close({ timeoutMs: 1000 })
    expect(producer.close()).toBe(closed)
    expect(await rejectionOf(producer.send('t', { value: '6' }))).toMatchObject({ code: 'CLOSED' })
    await clock.advance(1001)
    await closed
    expect(await Promise.all([done, inFlight])).toEqual([0n, 1n])
    expect(await stuck).toMatchObject({ code: 'CLOSED', maybeStored: true })
    expect(await unsent).toMatchObject({ code: 'CLOSED', maybeStored: false })
    expect(await waiting).toMatchObject({ code: 'CLOSED' })
    cluster.next.lose()
    await settle()
    expect(producer.bufferedBytes).toBe(0)
    expect(clock.pendingTimers).toBe(0)
    expect(cluster.leases).toBe(0)
    expect(cluster.metadata.listenerCount).toBe(0)
    expect(cluster.closedConnections).toEqual([...cluster.connections])
  })

  test('P21: the records a broker blames get its words, the others learn that they were not to blame', async () => {
    const { cluster, producer } = setUp()
    const sent = rejectionOf(
      producer.send(
        't',
        ['1', '2', '3'].map((value) => ({ value, partition: 0 })),
      ),
    )
    const alone = rejectionOf(producer.send('t', { value: '4', partition: 0 }))
    await settle()
    cluster.next.refuse(invalidRecord, {
      recordErrors: [{ batchIndex: 1, batchIndexErrorMessage: 'no key' }],
    })
    const error = await sent
    expect(error).toMatchObject({ code: 'BATCH_REJECTED' })
    const { results } = error as unknown as { results: { code: string; message: string }[] }
    expect(results.map((result) => result.code)).toEqual([
      'BATCH_REJECTED',
      'INVALID_RECORD',
      'BATCH_REJECTED',
    ])
    expect(results[1]?.message).toContain('no key')
    expect(await alone).toMatchObject({ code: 'BATCH_REJECTED', retriable: true })
  })

  test('P21: log append time replaces the timestamps of receipts', async () => {
    const { cluster, producer } = setUp()
    const sent = producer.send('t', { value: '1', partition: 0, timestamp: 5 })
    await settle()
    cluster.next.answer({ baseOffset: 4n, logAppendTimeMs: 99n })
    expect(await sent).toEqual({ topic: 't', partition: 0, offset: 4n, timestamp: 99 })
  })

  test('a wrong password fails the message at once', async () => {
    const { cluster, sendEach } = setUp()
    const [one] = await sendEach('1')
    cluster.next.fail(new AuthenticationError('SASL_AUTHENTICATION_FAILED', 'Wrong password'))
    expect(await one).toMatchObject({ code: 'SASL_AUTHENTICATION_FAILED', maybeStored: false })
  })

  test('a codec that works aside keeps the order of batches', async () => {
    const { cluster, producer } = setUp({ compression: 'gzip', batchSizeBytes: 300_000, lingerMs: 0 })
    const large = producer.send('t', { value: 'x'.repeat(290_000), partition: 0 })
    const small = producer.send('t', { value: 'y'.repeat(20_000), partition: 0 })
    // By the time it takes and not by turns: threads of a busy machine are late.
    const compressed = async () => {
      for (const end = Date.now() + 4000; cluster.pending.length === 0 && Date.now() < end;) await settle()
    }
    await compressed()
    expect(cluster.next.only.batch.compressionType).toBe(1)
    cluster.next.answer({ baseOffset: 0n })
    expect((await large).offset).toBe(0n)
    await compressed()
    cluster.next.answer({ baseOffset: 1n })
    expect((await small).offset).toBe(1n)
  })
})
