import type { BrokerNode, BrokerState } from '../../../../src/testing/contracts/brokers'

/** Brokers whose state a test sets; nothing moves by itself. */
export class FakeBrokers {
  readonly all: (BrokerNode & { state: BrokerState; isFenced: boolean; rack: string | null; epoch: bigint })[]
  readonly #listeners = new Set<(broker: BrokerNode) => void>()

  constructor(count = 1) {
    this.all = Array.from({ length: count }, (_, id) => ({
      id,
      rack: null,
      host: '127.0.0.1',
      port: 9092 + id,
      state: 'running' as BrokerState,
      isFenced: false,
      epoch: 1n,
    }))
  }

  get alive(): readonly BrokerNode[] {
    return this.all.filter((it) => !it.isFenced)
  }

  get controllerId(): number {
    return this.alive[0]?.id ?? -1
  }

  get(id: number): BrokerNode | undefined {
    return this.all[id]
  }

  stop(id: number): void {
    this.#set(id, 'stopped')
  }

  start(id: number): void {
    this.#set(id, 'running')
  }

  pause(id: number): void {
    this.#set(id, 'paused')
  }

  resume(id: number): void {
    this.#set(id, 'running')
  }

  setRack(id: number, rack: string | null): void {
    const broker = this.all[id]
    if (broker !== undefined) broker.rack = rack
  }

  watch(listener: (broker: BrokerNode) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #set(id: number, state: BrokerState): void {
    const broker = this.all[id]
    if (broker === undefined) return
    broker.state = state
    for (const listener of [...this.#listeners]) listener(broker)
  }
}
