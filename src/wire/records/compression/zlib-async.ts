/** From this many bytes of input on, the codecs of node:zlib work on its thread pool instead of the event loop. */
export const asyncThresholdBytes = 256 * 1024

type Done = (error: Error | null, result: Buffer) => void

/** Turns a call of node:zlib's callback API into a promise. */
export function zlibAsync(start: (done: Done) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    start((error, result) => (error === null ? resolve(result) : reject(error)))
  })
}
