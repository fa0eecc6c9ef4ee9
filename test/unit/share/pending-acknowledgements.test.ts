// Guards the watch over acknowledgements: what a broker does not take must be told of, with the time since when, and
// nothing that it has taken.
import { string } from '../../../src/serde/basic-serdes'
import { topic } from '../../../src/serde/topic'
import { acknowledgeCode } from '../../../src/share/acknowledge-type'
import { AcquiredRecords } from '../../../src/share/acquired-records'
import { PendingAcknowledgements } from '../../../src/share/pending-acknowledgements'
import { SharePartition } from '../../../src/share/share-partition'
import { FakeClock } from '../support/fake-clock'

function setUp() {
  const clock = new FakeClock()
  const pending = new PendingAcknowledgements(clock)
  const owner = {
    canRenew: true,
    onPending: (records: AcquiredRecords) => pending.add(records),
    onUnsent: (records: AcquiredRecords) => pending.delete(records),
  }
  const partition = new SharePartition(topic('t', { value: string() }), 'AAAAAAAAAAAAAAAAAAAAAQ', 0)
  const ranges = [{ firstOffset: 10n, lastOffset: 19n, deliveryCount: 1 }]
  const records = new AcquiredRecords(ranges, { partition, nodeId: 1, lockedUntil: Infinity, owner })
  const accept = (first: number, last: number) => records.acknowledgeRun(first, last, acknowledgeCode.accept)
  return { clock, pending, records, accept }
}

test('what waits is told from the first word, and no more once it was taken', () => {
  const { clock, pending, records, accept } = setUp()
  expect(pending.since).toBeUndefined()
  clock.skip(10)
  accept(0, 1)
  clock.skip(10)
  accept(2, 3)
  expect(pending.since).toBe(10)
  const round = pending.takeRound()
  expect([round.messageCount, pending.isEmpty, pending.since]).toEqual([4, true, 10])
  records.settle(undefined, Infinity)
  pending.endRound()
  expect(pending.since).toBeUndefined()
})

test('what is said while others are on their way waits since then, at most', () => {
  const { clock, pending, records, accept } = setUp()
  accept(0, 0)
  clock.skip(1_000)
  pending.takeRound()
  clock.skip(1_000)
  accept(1, 1)
  expect(pending.since).toBe(0)
  records.settle(undefined, Infinity)
  pending.endRound()
  expect(pending.since).toBe(1_000)
})

test('what is put back waits from its first word on, however often it is sent, with the last refusal', () => {
  const { clock, pending, records, accept } = setUp()
  accept(0, 0)
  for (const why of ['COORDINATOR_LOAD_IN_PROGRESS', 'KAFKA_STORAGE_ERROR']) {
    clock.skip(1_000)
    pending.takeRound()
    records.putBack()
    pending.putBack(why)
    pending.endRound()
    expect([pending.since, pending.lastError, pending.isEmpty]).toEqual([0, why, false])
  }
  pending.takeRound()
  records.settle(undefined, Infinity)
  pending.endRound()
  expect([pending.since, pending.lastError]).toEqual([undefined, undefined])
})

test('a fetch that says nothing does not make what is said meanwhile younger or older', () => {
  const { clock, pending, accept } = setUp()
  expect(pending.takeRound().isEmpty).toBe(true)
  clock.skip(500)
  accept(0, 0)
  clock.skip(500)
  pending.endRound()
  expect(pending.since).toBe(500)
})

test('what can not be sent any more is not waited for', () => {
  const { pending, records, accept } = setUp()
  accept(0, 0)
  pending.delete(records)
  expect([pending.since, pending.isEmpty]).toEqual([undefined, true])
})

test('gaps are no messages', () => {
  const { pending, records, accept } = setUp()
  accept(0, 1)
  records.acknowledgeRun(2, 9, acknowledgeCode.gap)
  expect(pending.takeRound().messageCount).toBe(2)
})
