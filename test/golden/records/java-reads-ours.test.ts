// Guards against batches that only we can read: Java's own classes check and read what this package writes.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fetchJars, runJavaSource } from '../../../tools/maven'
import { type CompressionType, compressionTypes } from '../../../src/wire/records/compression/codec'
import { codecNamed } from '../../../src/wire/records/compression/codecs'
import { encodeTransactionMarker } from '../../../src/wire/records/control-record'
import { encodeRecordBatch, type RecordInput } from '../../../src/wire/records/encode-record-batch'
import { RecordBatchBuilder } from '../../../src/wire/records/record-batch-builder'
import { splitBatch } from '../../../src/wire/records/split-batch'
import { randomIntegers } from '../../support/random-integers'
import { describeWithJava } from '../../kafka/support/require-java'
import { type RecordsVector, readAll } from './vectors'

const now = 1_700_000_000_000
const day = 86_400_000

/** Made once: the large ones take a while. */
const written = cases()

describeWithJava('batches that we wrote', () => {
  let java: Map<string, RecordsVector>

  beforeAll(async () => {
    java = await readWithJava(written)
  }, 180_000)

  it.each([...written.keys()])('%s: Java finds what we put in', (name) => {
    const bytes = written.get(name) as Buffer
    expect(java.get(name)?.batches).toEqual(readAll(bytes))
  })

  it.each([1, 1000])('Java finds the %i records that were given, with all their parts', (count) => {
    const given = samples(count).map(({ timestamp, key, value, headers = [] }, offset) => ({
      offset: String(offset),
      timestamp,
      key: base64(key),
      value: base64(value),
      headers: headers.map((header) => [header.key, base64(header.value)]),
    }))
    for (const codec of writable()) {
      expect(java.get(`${codec}, ${count} records`)?.batches.flatMap(({ records }) => records)).toEqual(given)
    }
  })

  // Reported as skipped where node:zlib has no zstd; there is nothing else that could write it.
  const itWithZstd = codecNamed('zstd')?.compressionProblem?.() === undefined ? it : it.skip
  itWithZstd('zstd batches were among them (needs Node 22.15)', () => {
    expect(java.get('zstd, 1000 records')?.batches[0]?.compressionType).toBe(4)
  })
})

function writable(): CompressionType[] {
  const all = Object.keys(compressionTypes) as CompressionType[]
  return all.filter((name) => codecNamed(name)?.compressionProblem?.() === undefined)
}

/** Records fields by name. */
function cases(): Map<string, Buffer> {
  const made = new Map<string, Buffer>()
  for (const compression of writable()) {
    for (const count of [1, 3, 1000]) {
      made.set(`${compression}, ${count} records`, sealed(compression, samples(count)))
    }
    made.set(`${compression}, large`, sealed(compression, largeSamples()))
    made.set(
      `${compression}, transactional, restamped`,
      sealed(compression, samples(20), {
        producerId: 2n ** 63n - 1n,
        producerEpoch: 32767,
        baseSequence: 2147483647,
      }),
    )
    made.set(
      `${compression}, log append time`,
      encodeRecordBatch({ records: samples(9), compression, logAppendTime: now + 7 }),
    )
  }
  for (const level of [1, 9])
    made.set(`gzip level ${level}`, encodeRecordBatch({ records: samples(90), compression: 'gzip', level }))
  made.set('timestamps far apart', sealed('none', farApart()))
  made.set(
    'gaps',
    encodeRecordBatch({
      ...gaps(),
      baseOffset: 2n ** 60n,
      lastOffsetDelta: 2 ** 31 - 1,
      partitionLeaderEpoch: 5,
    }),
  )
  for (const committed of [true, false]) {
    const marker = { timestamp: now, ...encodeTransactionMarker(committed, 9) }
    made.set(
      `marker, committed: ${committed}`,
      encodeRecordBatch({
        records: [marker],
        isControl: true,
        isTransactional: true,
        producerId: 4n,
        producerEpoch: 2,
      }),
    )
  }
  made.set(
    'split',
    Buffer.concat(splitBatch(filled(samples(1000)), 5000).map((part) => part.seal().toBuffer())),
  )
  return made
}

function filled(records: readonly RecordInput[]): RecordBatchBuilder {
  const builder = new RecordBatchBuilder()
  for (const { timestamp, key, value, headers } of records) builder.append(timestamp, key, value, headers)
  return builder
}

function sealed(
  compression: CompressionType,
  records: readonly RecordInput[],
  identity?: { producerId: bigint; producerEpoch: number; baseSequence: number },
): Buffer {
  const builder = filled(records)
  const bytes = codecNamed(compression)?.compress(builder.records)
  const batch = builder.seal({
    isTransactional: identity !== undefined,
    ...(bytes === undefined ? {} : { compressed: { type: compressionTypes[compression], bytes } }),
  })
  if (identity !== undefined) batch.restamp(identity)
  return batch.toBuffer()
}

function samples(count: number): RecordInput[] {
  return Array.from({ length: count }, (_, i) => ({
    timestamp: now + ((i * 7919) % 4000) - 2000,
    key:
      i % 5 === 3 ? null : i % 7 === 2 ? '' : i % 2 === 0 ? `key-${i % 11}åäö😀` : Buffer.from([i, 255, 0]),
    value:
      i % 6 === 4
        ? null
        : i % 3 === 0
          ? `{"id":${i},"text":"${'wörd '.repeat(i % 9)}"}`
          : Buffer.alloc(i % 200, i),
    headers: headers(i),
  }))
}

function headers(i: number): RecordInput['headers'] {
  if (i % 4 === 1) return [{ key: 'trace', value: `id-${i}` }]
  if (i % 4 !== 2) return []
  return [
    { key: 'a', value: '1' },
    { key: 'ключ', value: null },
    { key: 'a', value: '' },
    { key: '', value: Buffer.alloc(80, 'é') },
  ]
}

function largeSamples(): RecordInput[] {
  const random = randomIntegers(1)
  const noise = Buffer.from(Array.from({ length: 300_000 }, () => random(256)))
  return [
    { timestamp: now, key: 'text', value: 'all work and no play '.repeat(20_000) },
    { timestamp: now, key: null, value: noise },
    { timestamp: now, key: Buffer.alloc(70_000), value: null },
  ]
}

function farApart(): RecordInput[] {
  const all = [
    now,
    now - 26 * day,
    now + 26 * day,
    0,
    -1,
    now + 2 ** 40,
    8.64e15,
    now + 2 ** 31,
    now - 2 ** 31 - 1,
  ]
  return all.map((timestamp) => ({ timestamp, key: null, value: String(timestamp) }))
}

function gaps(): { records: RecordInput[] } {
  return { records: samples(5).map((record, i) => ({ ...record, offsetDelta: i * i * 1000 + 3 })) }
}

function base64(bytes: Uint8Array | string | null): string | null {
  return bytes === null ? null : Buffer.from(bytes as Uint8Array).toString('base64')
}

async function readWithJava(batches: ReadonlyMap<string, Buffer>): Promise<Map<string, RecordsVector>> {
  const folder = await mkdtemp(join(tmpdir(), 'record-vectors-'))
  try {
    const file = join(folder, 'batches.txt')
    await writeFile(
      file,
      [...batches].map(([name, bytes]) => `${name} ${bytes.toString('base64')}\n`).join(''),
    )
    const jars = await fetchJars(['org.apache.kafka:kafka-clients:4.4.0'])
    const lines = await runJavaSource(jars, 'tools/java/RecordVectors.java', ['read', file])
    const vectors = lines
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as RecordsVector)
    return new Map(vectors.map((vector) => [vector.name, vector]))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
