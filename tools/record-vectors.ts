import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { fetchJars, runJavaSource } from './maven'

/**
 * Writes test/golden/records/vectors/records.jsonl.gz: record batches and compressed texts that Java's classes made,
 * with what Java reads in them. Usage: tsx tools/record-vectors.ts
 */
const target = join(process.cwd(), 'test/golden/records/vectors/records.jsonl.gz')

const jars = await fetchJars(['org.apache.kafka:kafka-clients:4.4.0'])
const lines = await runJavaSource(jars, 'tools/java/RecordVectors.java', ['write'])
const packed = gzipSync(lines, { level: 9 })
await mkdir(dirname(target), { recursive: true })
await writeFile(target, packed)
process.stdout.write(`${target}: ${lines.trimEnd().split('\n').length} vectors, ${packed.length} bytes\n`)
