/** Work that takes longer, in nanoseconds, is done on the thread pool of node:zlib; the way there and back takes a tenth of it. */
const worthTheWay = 500_000
/** The least that node:zlib takes for `chunkSize`. */
const smallestChunk = 64
/** Output behind which there is room is known to be the last. */
const roomBehind = 64

/** Whether work of so many nanoseconds belongs on the thread pool. */
export function belongsOnPool(nanoseconds: number): boolean {
  return nanoseconds >= worthTheWay
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
