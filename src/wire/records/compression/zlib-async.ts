/** From this many compressed bytes on, the codecs of node:zlib decompress on its thread pool, off the event loop. */
export const asyncDecompressionBytes = 256 * 1024
/** From this many bytes on they compress there: ten times the work, so that a full batch is worth the way. */
export const asyncCompressionBytes = 64 * 1024

type Done = (error: Error | null, result: Buffer) => void

/** Turns a call of node:zlib's callback API into a promise. */
export function zlibAsync(start: (done: Done) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    start((error, result) => (error === null ? resolve(result) : reject(error)))
  })
}
