import type { PartitionState } from '../partition-state'

/** What is handled one after another: the messages of one key in one partition. */
export class KeyLane<Job> {
  readonly #key: string
  readonly #lanes: Map<string, KeyLane<Job>>
  #isBusy = false
  /** Made when a second message comes: most keys have one at a time. */
  #waiting: Job[] | undefined

  constructor(key: string, lanes: Map<string, KeyLane<Job>>) {
    this.#key = key
    this.#lanes = lanes
  }

  /** True when the job can run at once; otherwise it waits for those before it. */
  enter(job: Job): boolean {
    if (this.#isBusy) {
      if (this.#waiting === undefined) this.#waiting = [job]
      else this.#waiting.push(job)
      return false
    }
    this.#isBusy = true
    return true
  }

  /** The job under way is done; answers with the next one, which can run. The lane ends with its last job. */
  leave(): Job | undefined {
    const next = this.#waiting?.shift()
    if (next === undefined) this.#lanes.delete(this.#key)
    return next
  }
}

/** The lanes of all keys that have messages under way. */
export class KeyLanes<Job> {
  readonly #byPartition = new WeakMap<PartitionState, Map<string, KeyLane<Job>>>()

  /** The lane of that key; undefined without a key, for then there is no order. */
  of(state: PartitionState, rawKey: Buffer | null): KeyLane<Job> | undefined {
    if (rawKey === null) return undefined
    let lanes = this.#byPartition.get(state)
    if (lanes === undefined) this.#byPartition.set(state, (lanes = new Map<string, KeyLane<Job>>()))
    const key = rawKey.toString('latin1')
    let lane = lanes.get(key)
    if (lane === undefined) lanes.set(key, (lane = new KeyLane(key, lanes)))
    return lane
  }
}
