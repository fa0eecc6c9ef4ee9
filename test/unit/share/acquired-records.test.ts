// Guards what is said of acquired records: of each once, and of those whose locks another acquisition has taken over
// nothing that reaches the new locks, throws, or touches what is still held.
import { KafkaError } from '../../../src/base/errors'
import { string } from '../../../src/serde/basic-serdes'
import { topic } from '../../../src/serde/topic'
import { acknowledgeCode } from '../../../src/share/acknowledge-type'
import { AcquiredRecords } from '../../../src/share/acquired-records'
import { SharePartition } from '../../../src/share/share-partition'

const superseded = new KafkaError('SUPERSEDED', 'Delivered anew')

function acquire(ranges = [{ firstOffset: 10n, lastOffset: 19n, deliveryCount: 1 }]): {
  records: AcquiredRecords
  unsent: string[]
} {
  const unsent: string[] = []
  const owner = {
    canRenew: true,
    onPending: () => undefined,
    onUnsent: (_: AcquiredRecords, runs: readonly { first: number; last: number }[], error: KafkaError) =>
      void unsent.push(...runs.map(({ first, last }) => `${first}-${last} ${error.code}`)),
  }
  const partition = new SharePartition(topic('t', { value: string() }), 'AAAAAAAAAAAAAAAAAAAAAQ', 0)
  return {
    records: new AcquiredRecords(ranges, { partition, nodeId: 1, lockedUntil: Infinity, owner }),
    unsent,
  }
}

const message = (position: number) => ({ position, moveTo: () => undefined })

test('S2: what is said of a record that was delivered anew fails alone, as often as it is said', () => {
  const { records, unsent } = acquire()
  records.supersede(12n, 14n, superseded)
  expect(records.acknowledge(message(3), acknowledgeCode.accept)).toBe(true)
  expect(records.acknowledge(message(3), acknowledgeCode.renew)).toBe(true)
  expect(records.acknowledge(message(5), acknowledgeCode.accept)).toBe(true)
  expect(unsent).toEqual(['3-3 SUPERSEDED', '3-3 SUPERSEDED'])
  expect(records.takePending()).toEqual([{ first: 5, last: 5, code: acknowledgeCode.accept }])
})

test('S2: of what is said of a range, the part that was delivered anew is not sent', () => {
  const { records, unsent } = acquire()
  records.supersede(12n, 14n, superseded)
  records.acknowledgeRun(0, 9, acknowledgeCode.release)
  expect(unsent).toEqual(['2-4 SUPERSEDED'])
  expect(records.takePending()).toEqual([
    { first: 0, last: 1, code: acknowledgeCode.release },
    { first: 5, last: 9, code: acknowledgeCode.release },
  ])
})

test('S2: what waited to be sent of a record that is delivered anew fails, and those who listen for its loss are told', () => {
  const { records, unsent } = acquire()
  const lost: number[] = []
  for (const position of [2, 5]) records.onLost(position, () => lost.push(position))
  records.acknowledge(message(2), acknowledgeCode.accept)
  records.supersede(12n, 12n, superseded)
  expect(unsent).toEqual(['2-2 SUPERSEDED'])
  expect(lost).toEqual([2])
  expect(records.lossOf(2)).toBe(superseded)
  expect(records.lossOf(5)).toBeUndefined()
  records.lose(new KafkaError('LOST', 'All is lost'))
  expect(lost).toEqual([2, 5])
})

test('S5: an offset that is named twice, by the broker or by its owner, is acknowledged once, as was said last', () => {
  const { records } = acquire([
    { firstOffset: 10n, lastOffset: 14n, deliveryCount: 1 },
    { firstOffset: 12n, lastOffset: 19n, deliveryCount: 2 },
  ])
  expect(records.runs).toEqual([
    { first: 0, last: 4, deliveryCount: 1 },
    { first: 5, last: 9, deliveryCount: 2 },
  ])
  expect(records.heldCount).toBe(10)
  records.acknowledge(message(3), acknowledgeCode.release)
  records.acknowledge(message(3), acknowledgeCode.accept)
  records.acknowledge(message(4), acknowledgeCode.accept)
  expect(records.takePending()).toEqual([{ first: 3, last: 4, code: acknowledgeCode.accept }])
  expect(() => records.acknowledge(message(3), acknowledgeCode.accept)).toThrow('acknowledged before')
})
