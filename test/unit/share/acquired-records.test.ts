// Guards what is said of records whose locks another acquisition has taken over in part: it must neither reach the new
// locks, nor throw, and must leave what is still held alone.
import { KafkaError } from '../../../src/base/errors'
import { string } from '../../../src/serde/basic-serdes'
import { topic } from '../../../src/serde/topic'
import { acknowledgeCode } from '../../../src/share/acknowledge-type'
import { AcquiredRecords } from '../../../src/share/acquired-records'
import { SharePartition } from '../../../src/share/share-partition'

const superseded = new KafkaError('SUPERSEDED', 'Delivered anew')

function acquire(): { records: AcquiredRecords; unsent: string[] } {
  const unsent: string[] = []
  const owner = {
    canRenew: true,
    onPending: () => undefined,
    onUnsent: (_: AcquiredRecords, runs: readonly { first: number; last: number }[], error: KafkaError) =>
      void unsent.push(...runs.map(({ first, last }) => `${first}-${last} ${error.code}`)),
  }
  const partition = new SharePartition(topic('t', { value: string() }), 'AAAAAAAAAAAAAAAAAAAAAQ', 0)
  const ranges = [{ firstOffset: 10n, lastOffset: 19n, deliveryCount: 1 }]
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
