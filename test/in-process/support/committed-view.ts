import type { TestCluster } from '../../../src/testing'
import type { StoredRecord } from '../../../src/testing/inspection/stored-record'

/** Values of a partition as read_committed shows them, from the log itself: what was committed, or never in a transaction. */
export function committedValues(broker: TestCluster, topic: string, partition: number): string[] {
  const records = broker.records(topic, partition)
  return records
    .filter((record, at) => record.marker === undefined && isVisible(record, records.slice(at)))
    .map((record) => String(record.value))
}

function isVisible(record: StoredRecord, rest: readonly StoredRecord[]): boolean {
  if (!record.isTransactional) return true
  const end = rest.find((later) => later.marker !== undefined && later.producerId === record.producerId)
  return end?.marker === 'commit'
}

/** All values of a partition, in their order in the log. */
export function storedValues(broker: TestCluster, topic: string, partition: number): string[] {
  return broker
    .records(topic, partition)
    .filter(({ marker }) => marker === undefined)
    .map(({ value }) => String(value))
}

/** Waits until every transaction that was ended has its markers. */
export async function transactionsEnded(broker: TestCluster): Promise<void> {
  while (broker.transactions().some(({ state }) => state.startsWith('Prepare'))) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}
