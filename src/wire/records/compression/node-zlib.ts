import { DecodeError } from '../../../base/errors'
import { tooLarge } from './output-buffer'
import { inOnePiece, mainThread } from './turn-budget'

/**
 * Nanoseconds of work from which on it is done on the thread pool of node:zlib. Compressing leaves early, for others have much
 * to do meanwhile; a partition waits for its next batch, which is there sooner when it is decompressed at once.
 */
const compressionWorthTheWay = 500_000
const decompressionWorthTheWay = 3_000_000
/** The least that node:zlib takes for `chunkSize`. */
const smallestChunk = 64
/** Output behind which there is room is known to be the last. */
const roomBehind = 64

/** Compressed bytes are taken to hold about so many where nothing says it, and at most. */
export const usualRatio = 4
export const largestRatio = 32

type Done = (error: Error | null, result: Buffer) => void

/**
 * Compresses where it belongs.
 * @param cost nanoseconds that it takes
 */
export function compressByZlib(
  cost: number,
  atOnce: () => Buffer,
  onPool: (done: Done) => void,
): Buffer | Promise<Buffer> {
  if (cost >= compressionWorthTheWay) return zlibAsync(onPool)
  return mainThread.run(inOnePiece(atOnce, () => cost))
}

/** Whether decompression that takes so many nanoseconds belongs on the thread pool. */
export function decompressesOnPool(nanoseconds: number): boolean {
  return nanoseconds >= decompressionWorthTheWay
}

/**
 * `chunkSize` for an output of about so many bytes: node:zlib makes room for one chunk at a time and joins them, on its
 * thread pool with a way there and back for each.
 */
function chunkSizeFor(outputBytes: number): number {
  return Math.max(Math.ceil(outputBytes), smallestChunk) + roomBehind
}

/** `chunkSize` for so many bytes that are compressed. */
export function compressedChunkSize(bytes: Uint8Array): number {
  return chunkSizeFor(bytes.length / 2)
}

/** Options for decompressing what is likely to hold so many bytes. */
export function decompressOptions(expectedBytes: number, maxBytes: number) {
  const maxOutputLength = Math.max(maxBytes, 1)
  return { maxOutputLength, chunkSize: chunkSizeFor(Math.min(expectedBytes, maxOutputLength)) }
}

/** Turns a call of node:zlib's callback API into a promise. */
export function zlibAsync(start: (done: Done) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    start((error, result) => (error === null ? resolve(result) : reject(error)))
  })
}

/** What node:zlib's error means. */
export function zlibDecodeError(what: string, error: unknown, maxBytes: number): DecodeError {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(what, maxBytes)
  return new DecodeError(`Malformed ${what} data: ${message}`, { cause: error })
}
