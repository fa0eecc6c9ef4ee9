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

/** Whether compression that takes so many nanoseconds belongs on the thread pool. */
export function compressesOnPool(nanoseconds: number): boolean {
  return nanoseconds >= compressionWorthTheWay
}

/** The same of decompression. */
export function decompressesOnPool(nanoseconds: number): boolean {
  return nanoseconds >= decompressionWorthTheWay
}

/**
 * `chunkSize` for an output of about so many bytes: node:zlib makes room for one chunk at a time and joins them, on its
 * thread pool with a way there and back for each.
 */
export function chunkSizeFor(outputBytes: number): number {
  return Math.max(Math.ceil(outputBytes), smallestChunk) + roomBehind
}

type Done = (error: Error | null, result: Buffer) => void

/** Turns a call of node:zlib's callback API into a promise. */
export function zlibAsync(start: (done: Done) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    start((error, result) => (error === null ? resolve(result) : reject(error)))
  })
}
