import type { StoredRecord } from '../../../src/testing'

/** What `read_committed` shows of a topic, in the order of its partitions and offsets. */
export function visibleIn(records: readonly StoredRecord[]): StoredRecord[] {
  const visible: StoredRecord[] = []
  const open = new Map<string, StoredRecord[]>()
  for (const record of records) {
    const slot = `${record.partition} ${record.producerId}`
    if (record.marker !== undefined) {
      if (record.marker === 'commit') visible.push(...(open.get(slot) ?? []))
      open.delete(slot)
    } else if (record.isTransactional) open.set(slot, [...(open.get(slot) ?? []), record])
    else visible.push(record)
  }
  return visible.sort((a, b) => a.partition - b.partition || Number(a.offset - b.offset))
}

/** What is wrong with a stage that shall send on each message once, in the order of its key. */
export function checkStage(input: readonly StoredRecord[], output: readonly StoredRecord[]): string[] {
  const violations: string[] = []
  const wanted = valuesByKey(visibleIn(input))
  const found = valuesByKey(visibleIn(output))
  for (const key of new Set([...wanted.keys(), ...found.keys()])) {
    const expected = wanted.get(key) ?? []
    const actual = found.get(key) ?? []
    const at = expected.findIndex((value, index) => value !== actual[index])
    if (at >= 0 || actual.length !== expected.length) {
      const index = at < 0 ? expected.length : at
      const [topic] = output.map((record) => record.topic)
      violations.push(
        `L12: ${topic ?? 'a topic'} has ${actual.length} of ${expected.length} messages of ${key}; at ${index} it has ${String(actual[index])} instead of ${String(expected[index])}`,
      )
    }
  }
  return violations
}

function valuesByKey(records: readonly StoredRecord[]): Map<string, string[]> {
  const byKey = new Map<string, string[]>()
  for (const { key, value } of records) {
    const values = byKey.get(String(key)) ?? []
    byKey.set(String(key), values)
    values.push(String(value))
  }
  return byKey
}
