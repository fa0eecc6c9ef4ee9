import { crc32c } from 'source/wire/crc32c'
import { murmur2 } from 'source/wire/murmur2'
import { sizeOfVarint, writeVarint, writeVarlong } from 'source/wire/records/varint'
import type { Case } from './harness'

const count = 1000
/** Lengths and deltas as records have them: most take one byte, some two, few more. */
const smallNumbers = Int32Array.from(
  { length: count },
  (_, i) => [7, 103, 0, 1500, i, -1, 70_000][i % 7] ?? 0,
)
const timestamps = Float64Array.from({ length: count }, (_, i) => i * 86_400_000)
const target = Buffer.alloc(16 * count)

const keys = [8, 36, 256].map((length) => Buffer.alloc(length, 'key-42-'))
const blocks = [100, 16_384, 1_048_576].map((length) => Buffer.alloc(length, 'some bytes of a record '))

/** Checksums, hashes and varints. */
export const numberCases: readonly Case[] = [
  ...blocks.map((block) => ({
    name: `crc32c of ${block.length.toLocaleString('en')} B`,
    operations: 1,
    bytes: block.length,
    run: () => crc32c(block),
  })),
  ...keys.map((key) => ({
    name: `murmur2 of a key of ${key.length} B`,
    operations: 1,
    bytes: key.length,
    run: () => murmur2(key),
  })),
  { name: 'write a varint', operations: count, run: writeVarints },
  { name: 'write a varlong', operations: count, run: writeVarlongs },
  { name: 'size of a varint', operations: count, run: sizeVarints },
]

function writeVarints(): number {
  let at = 0
  for (const value of smallNumbers) at = writeVarint(target, at, value)
  return at
}

function writeVarlongs(): number {
  let at = 0
  for (const value of timestamps) at = writeVarlong(target, at, value)
  return at
}

function sizeVarints(): number {
  let size = 0
  for (const value of smallNumbers) size += sizeOfVarint(value)
  return size
}
