import { openRecords } from 'source/wire/records/open-records'
import { RecordBatchBuilder } from 'source/wire/records/record-batch-builder'
import { readRecordBatches } from 'source/wire/records/record-batch-reader'
import { keys, payloads } from '../measured/payload.mjs'
import type { Case } from './harness'

const headers = [
  { key: 'trace', value: Buffer.from('0123456789abcdef') },
  { key: 'type', value: Buffer.from('order') },
]

/** Building, sealing and reading of record batches. */
export const batchCases: readonly Case[] = [100, 1000].flatMap((valueBytes) => {
  const count = Math.floor(16_000 / valueBytes)
  const values = payloads(valueBytes)
  const build = (withHeaders: boolean): RecordBatchBuilder => {
    const builder = new RecordBatchBuilder(16_384)
    for (let i = 0; i < count; i++) {
      builder.append(i, keys[i] ?? null, values[i % values.length] ?? null, withHeaders ? headers : null)
    }
    return builder
  }
  const plain = Buffer.from(build(false).seal().bytes as Uint8Array)
  const withHeaders = Buffer.from(build(true).seal().bytes as Uint8Array)
  const size = `${valueBytes.toLocaleString('en')} B`
  const measured = { operations: count, bytes: plain.length }
  return [
    { ...measured, name: `build a batch, ${size}`, run: () => build(false).byteLength },
    { ...measured, name: `build and seal a batch, ${size}`, run: () => build(false).seal().byteLength },
    { ...measured, name: `build a batch, ${size} and two headers`, run: () => build(true).byteLength },
    { ...measured, name: `check a batch, ${size}`, run: () => check(plain) },
    { ...measured, name: `walk over a batch, ${size}`, run: () => walk(plain) },
    { ...measured, name: `read keys and values of a batch, ${size}`, run: () => readAll(plain) },
    { ...measured, name: `read values and two headers, ${size}`, run: () => readHeaders(withHeaders) },
  ]
})

function check(bytes: Buffer): number {
  let valid = 0
  for (const batch of readRecordBatches(bytes)) if (batch.hasValidChecksum()) valid++
  if (valid === 0) throw new Error('A batch of our own has a wrong checksum')
  return valid
}

function walk(bytes: Buffer): number {
  let records = 0
  for (const batch of readRecordBatches(bytes)) {
    const cursor = openRecords(batch)
    while (cursor.next()) records++
  }
  return records
}

function readAll(bytes: Buffer): number {
  let length = 0
  for (const batch of readRecordBatches(bytes)) {
    const cursor = openRecords(batch)
    while (cursor.next()) length += (cursor.key()?.length ?? 0) + (cursor.value()?.length ?? 0)
  }
  return length
}

function readHeaders(bytes: Buffer): number {
  let length = 0
  for (const batch of readRecordBatches(bytes)) {
    const cursor = openRecords(batch)
    while (cursor.next()) length += (cursor.value()?.length ?? 0) + cursor.headers().length
  }
  return length
}
