import { openSync, readFileSync, writeSync } from 'node:fs'

/**
 * What a member writes down, in one letter:
 * - `a`, `r`, `l`: a partition was assigned, revoked, lost, when the listener was called
 * - `b`, `f`: its handler began a message, finished it
 * - `g`: a rebalance ended for it; in the place of the offset, how many milliseconds it took
 * - `x`: it has closed in good order
 */
export type LedgerKind = 'a' | 'r' | 'l' | 'b' | 'f' | 'g' | 'x'

export interface LedgerEntry {
  readonly kind: LedgerKind
  readonly partition: number
  readonly offset: number
  /** Milliseconds since 1970. */
  readonly time: number
}

/** Appends at once and without a buffer of its own, so that what was written outlives a SIGKILL. */
export class LedgerWriter {
  readonly #file: number

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  write(kind: LedgerKind, partition = 0, offset: number | bigint = 0): void {
    writeSync(this.#file, `${kind} ${partition} ${offset} ${Date.now()}\n`)
  }
}

export function readLedger(path: string): LedgerEntry[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  // Behind the last line end stands nothing, or a line that a SIGKILL has cut.
  lines.pop()
  return lines.map((line) => {
    const [kind, partition, offset, time] = line.split(' ')
    return {
      kind: kind as LedgerKind,
      partition: Number(partition),
      offset: Number(offset),
      time: Number(time),
    }
  })
}
