import type { Timer } from '../../base/clock'
import { InvalidArgumentError } from '../../base/errors'
import { fail } from '../contracts/kafka-failure'
import type { Services } from '../contracts/services'
import type { BrokerNode, Brokers, BrokerState } from '../contracts/brokers'
import { Watchers } from './watchers'

/** What a broker starts with. */
export interface NewBroker {
  readonly id: number
  readonly rack?: string | null
  /** Where clients are told to connect to. */
  readonly host: string
  /** 0 until the listener has its port; see `setEndpoint`. */
  readonly port: number
}

interface BrokerEntry extends BrokerNode {
  rack: string | null
  host: string
  port: number
  state: BrokerState
  isFenced: boolean
  epoch: bigint
  isRegistered: boolean
  /** Runs while the controller waits for heartbeats that do not come. */
  session: Timer | undefined
}

/**
 * The brokers as the controller of a KRaft cluster sees them. A broker that is killed or frozen sends no heartbeats: it
 * is fenced when `broker.session.timeout.ms` ran out, and not earlier. Its logs are kept, as on a disk.
 */
export class ClusterBrokers implements Brokers {
  readonly #services: Services
  readonly #brokers = new Map<number, BrokerEntry>()
  readonly #watchers = new Watchers<BrokerNode>()
  #all: readonly BrokerNode[] = []
  #alive: readonly BrokerNode[] = []
  /** Offset of the next registration in the metadata log, which KRaft takes for the broker's epoch. */
  #nextEpoch = 1n

  constructor(services: Services) {
    this.#services = services
  }

  get all(): readonly BrokerNode[] {
    return this.#all
  }

  get alive(): readonly BrokerNode[] {
    return this.#alive
  }

  get controllerId(): number {
    return this.#alive[0]?.id ?? -1
  }

  get(id: number): BrokerNode | undefined {
    return this.#brokers.get(id)
  }

  /** Adds a broker that runs and is known to the controller. */
  addBroker({ id, rack = null, host, port }: NewBroker): BrokerNode {
    if (this.#brokers.has(id))
      throw new InvalidArgumentError(`Broker ${id} is there already; give it another id`)
    const broker: BrokerEntry = {
      id,
      rack,
      host,
      port,
      state: 'running',
      isFenced: false,
      epoch: this.#nextEpoch++,
      isRegistered: true,
      session: undefined,
    }
    this.#brokers.set(id, broker)
    this.#changed(broker)
    return broker
  }

  /** Tells where clients reach the broker, once its listener knows. */
  setEndpoint(id: number, host: string, port: number): void {
    const broker = this.#known(id)
    broker.host = host
    broker.port = port
    this.#changed(broker)
  }

  stop(id: number, how: 'clean' | 'kill'): void {
    const broker = this.#known(id)
    if (broker.state === 'stopped') return
    if (how === 'clean' && broker.state === 'running') {
      // Controlled shutdown: the leaders move while the broker still answers.
      this.#fence(broker)
      broker.state = 'stopped'
    } else {
      broker.state = 'stopped'
      this.#awaitSession(broker)
    }
    this.#changed(broker)
  }

  start(id: number): void {
    const broker = this.#known(id)
    if (broker.state === 'running' && broker.isRegistered) return
    if (broker.state === 'paused') {
      throw new InvalidArgumentError(`Broker ${id} is paused, not stopped: let it go on with resume(${id})`)
    }
    // A new process of a broker whose old session still runs: the old one ends before the new one is registered.
    this.#fence(broker)
    broker.state = 'running'
    broker.isRegistered = true
    broker.epoch = this.#nextEpoch++
    broker.isFenced = false
    this.#changed(broker)
  }

  pause(id: number): void {
    const broker = this.#known(id)
    if (broker.state === 'paused') return
    if (broker.state === 'stopped') {
      throw new InvalidArgumentError(`Broker ${id} is stopped and can't be paused: start(${id}) it first`)
    }
    broker.state = 'paused'
    this.#awaitSession(broker)
    this.#changed(broker)
  }

  resume(id: number): void {
    const broker = this.#known(id)
    if (broker.state === 'running') return
    if (broker.state === 'stopped') {
      throw new InvalidArgumentError(`Broker ${id} is stopped, not paused: start(${id}) starts it`)
    }
    this.#endSession(broker)
    broker.state = 'running'
    broker.isFenced = !broker.isRegistered
    this.#changed(broker)
  }

  setRack(id: number, rack: string | null): void {
    const broker = this.#known(id)
    broker.rack = rack
    this.#changed(broker)
  }

  unregister(id: number): void {
    const broker = this.#brokers.get(id)
    if (broker?.isRegistered !== true) {
      throw fail('BROKER_ID_NOT_REGISTERED', `Broker ID ${id} is not currently registered`)
    }
    broker.isRegistered = false
    this.#fence(broker)
  }

  watch(listener: (broker: BrokerNode) => void): () => void {
    return this.#watchers.add(listener)
  }

  /** Ends all timers. */
  close(): void {
    for (const broker of this.#brokers.values()) this.#endSession(broker)
  }

  #known(id: number): BrokerEntry {
    const broker = this.#brokers.get(id)
    if (broker !== undefined) return broker
    const ids = [...this.#brokers.keys()].join(', ')
    throw new InvalidArgumentError(
      `There is no broker ${id} in this cluster; its brokers are ${ids || 'none'}`,
    )
  }

  #awaitSession(broker: BrokerEntry): void {
    if (broker.isFenced || broker.session !== undefined) return
    const timeoutMs = this.#services.configs.brokerNumber('broker.session.timeout.ms')
    broker.session = this.#services.runtime.clock.setTimer(timeoutMs, () => this.#fence(broker))
    broker.session.unref?.()
  }

  #endSession(broker: BrokerEntry): void {
    broker.session?.cancel()
    broker.session = undefined
  }

  #fence(broker: BrokerEntry): void {
    this.#endSession(broker)
    if (broker.isFenced && broker.isRegistered) return
    broker.isFenced = true
    this.#changed(broker)
  }

  #changed(broker: BrokerEntry): void {
    const registered = [...this.#brokers.values()].filter((one) => one.isRegistered)
    this.#all = registered.sort((a, b) => a.id - b.id)
    this.#alive = this.#all.filter((one) => !one.isFenced)
    this.#watchers.emit(broker)
  }
}
