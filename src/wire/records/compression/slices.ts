import { setImmediate } from 'node:timers/promises'

/** Work that pauses now and then and says how many bytes it went through since it paused last. */
export type SlicedWork<Result> = Generator<number, Result, void>

/** Codecs written in JavaScript give up the event loop after this many bytes: some ten milliseconds of work. */
const sliceBytes = 2 * 1024 * 1024

/** Does all the work at once. */
export function runAtOnce<Result>(work: SlicedWork<Result>): Result {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}

/** Does the work in slices and lets the event loop turn between them; without a promise when one slice is enough. */
export function runInSlices<Result>(work: SlicedWork<Result>): Result | Promise<Result> {
  const first = runOneSlice(work)
  return first.done === true ? first.value : runTheRest(work)
}

async function runTheRest<Result>(work: SlicedWork<Result>): Promise<Result> {
  for (;;) {
    await setImmediate()
    const slice = runOneSlice(work)
    if (slice.done === true) return slice.value
  }
}

function runOneSlice<Result>(work: SlicedWork<Result>): IteratorResult<number, Result> {
  for (let bytes = 0; ;) {
    const step = work.next()
    if (step.done === true) return step
    bytes += step.value
    if (bytes >= sliceBytes) return step
  }
}
