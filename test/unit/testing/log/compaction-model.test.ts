// Guards against compaction that changes what a reader of committed records ends up with, in histories nobody thought of.
import type { MemoryLog } from '../../../../src/testing/log/memory-log'
import { seededRandom } from '../../../../src/testing/simulation/seeded-random'
import { openRecords } from '../../../../src/wire/records/open-records'
import { readBatchHeader } from '../../../../src/wire/records/record-batch'
import { LogFixture } from '../support/log-fixture'

/** The last value of each key as a consumer sees it that reads committed records only; deleted keys are absent. */
function viewOf(log: MemoryLog): Record<string, string> {
  const end = log.lastStableOffset(log.endOffset)
  const ahead = log.abortedTransactions(log.startOffset, end)
  ahead.sort((a, b) => Number(a.firstOffset - b.firstOffset))
  const aborting = new Set<bigint>()
  const view: Record<string, string> = {}
  for (const batch of log.batches) {
    if (batch.lastOffset >= end) break
    while (ahead[0] !== undefined && ahead[0].firstOffset <= batch.lastOffset) {
      aborting.add(ahead[0].producerId)
      ahead.shift()
    }
    if (batch.isControl) aborting.delete(batch.producerId)
    else if (!batch.isTransactional || !aborting.has(batch.producerId)) {
      const cursor = openRecords(readBatchHeader(batch.bytes, 0, batch.bytes.length))
      while (cursor.next()) {
        const key = String(cursor.key())
        const value = cursor.value()
        if (value === null) delete view[key]
        else view[key] = String(value)
      }
    }
  }
  return view
}

/** What a replica knows that was given nothing but the batches that are left. */
function knownFrom(fixture: LogFixture): Map<bigint, string> {
  const replica = fixture.createLog()
  replica.replicate(fixture.log.batches)
  const known = knownBy(replica)
  replica.truncateTo(0n)
  return known
}

function knownBy(log: MemoryLog): Map<bigint, string> {
  return new Map(
    log
      .activeProducers()
      .map((it) => [it.producerId, `${it.producerEpoch} ${it.lastSequence} ${it.currentTxnStartOffset}`]),
  )
}

it.each(Array.from({ length: 40 }, (_, index) => index + 1))(
  'compaction keeps what readers and producers go by (seed %d)',
  async (seed) => {
    const random = seededRandom(seed)
    const pick = (below: number) => Math.floor(random() * below)
    const compression = (['none', 'gzip', 'lz4'] as const)[pick(3)] ?? 'none'
    const fixture = new LogFixture({ cleanupPolicy: ['compact'], deleteRetentionMs: 50 })
    const { log, clock } = fixture
    const sequences = new Map<bigint, number>()
    const open = new Set<bigint>()
    for (let step = 0; step < 150; step++) {
      const producerId = BigInt(pick(5))
      const isTransactional = producerId < 3n
      if (isTransactional && open.has(producerId) && random() < 0.3) {
        fixture.marker(producerId, 0, random() < 0.5)
        open.delete(producerId)
      } else {
        const entries = Array.from({ length: 1 + pick(4) }, () =>
          random() < 0.2 ? `k${pick(6)}` : `k${pick(6)}=${step}`,
        )
        const baseSequence = sequences.get(producerId) ?? 0
        fixture.appendKeyed(entries, {
          producerId,
          producerEpoch: 0,
          baseSequence,
          isTransactional,
          compression,
        })
        sequences.set(producerId, baseSequence + entries.length)
        if (isTransactional) open.add(producerId)
      }
      await clock.advance(pick(10))
      if (random() > 0.15) continue
      const before = viewOf(log)
      const size = log.sizeInBytes
      log.compact(clock.wallTime(), random() < 0.5 ? log.endOffset : BigInt(pick(Number(log.endOffset))))
      expect(viewOf(log)).toEqual(before)
      expect(knownFrom(fixture)).toEqual(knownBy(log))
      expect(log.sizeInBytes).toBeLessThanOrEqual(size + 100)
      expect(fixture.budget.usedBytes).toBe(log.sizeInBytes)
      for (const batch of log.batches) {
        expect(readBatchHeader(batch.bytes, 0, batch.bytes.length).hasValidChecksum()).toBe(true)
      }
    }
  },
)
