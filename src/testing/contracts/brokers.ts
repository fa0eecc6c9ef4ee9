/**
 * - `running`: answers
 * - `paused`: accepts connections and bytes and never answers, like a process that was stopped with SIGSTOP
 * - `stopped`: connections are refused, and those there were are closed
 */
export type BrokerState = 'running' | 'paused' | 'stopped'

/** One broker of the cluster, as the others and the controller see it. */
export interface BrokerNode {
  readonly id: number
  readonly rack: string | null
  /** Where clients are told to connect to. */
  readonly host: string
  readonly port: number
  readonly state: BrokerState
  /** True while the controller believes it dead: it leads nothing and stands in no in-sync set. */
  readonly isFenced: boolean
  /** Grows with each start. */
  readonly epoch: bigint
}

/** The brokers and their lives. */
export interface Brokers {
  /** Those that are registered, in the order of their ids, stopped ones included. */
  readonly all: readonly BrokerNode[]
  /** Those that metadata names: registered and not fenced. */
  readonly alive: readonly BrokerNode[]
  get(id: number): BrokerNode | undefined
  /** The broker that metadata names as the controller; any living one, as in KRaft. */
  readonly controllerId: number
  /** Stops a broker: cleanly (its leaders move first) or as if it was killed (they move when the session ran out). */
  stop(id: number, how: 'clean' | 'kill'): void
  start(id: number): void
  /** Freezes a broker; after the session timeout the controller fences it and its leaders move. */
  pause(id: number): void
  /** Lets a paused broker go on: it learns of its fencing and comes back as a follower. */
  resume(id: number): void
  setRack(id: number, rack: string | null): void
  /** Takes a broker out of the cluster until it starts again. @throws BROKER_ID_NOT_REGISTERED */
  unregister(id: number): void
  /** Calls back after each change of any broker. */
  watch(listener: (broker: BrokerNode) => void): () => void
}
