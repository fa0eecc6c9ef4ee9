import { codecNamed } from 'source/wire/records/compression/codecs'
import { payloads } from '../measured/payload.mjs'
import type { Case } from './harness'

const names = ['gzip', 'snappy', 'lz4', 'zstd'] as const
const limit = 1 << 24

/** Compressing and decompressing of what a full batch of the default size holds, and of a large one, at once. */
export const codecCases: readonly Case[] = [16_384, 524_288].flatMap((size) => {
  const bytes = Buffer.concat(Array.from({ length: 40 }, () => payloads(1000)).flat()).subarray(0, size)
  const title = `${Math.round(size / 1024)} KB`
  return names.flatMap((name) => {
    const codec = codecNamed(name)
    if (codec === undefined) throw new Error(`There is no codec '${name}'`)
    // zstd is compressed by Node, since 22.15.
    if (codec.compressionProblem?.() !== undefined) return []
    const compressed = codec.compress(bytes)
    const share = `to ${((100 * compressed.length) / size).toFixed(0)} %`
    const measured = { operations: 1, bytes: size }
    return [
      { ...measured, name: `compress ${title}, ${name} (${share})`, run: () => codec.compress(bytes) },
      { ...measured, name: `decompress ${title}, ${name}`, run: () => codec.decompress(compressed, limit) },
    ]
  })
})
