import type { LogConfig } from '../contracts/partition-log'
import type { Services } from '../contracts/services'

/** What one partition asks of its cluster: who lives, and what its topic is configured with, as of now. */
export class PartitionSurroundings {
  readonly #services: Services
  readonly #topic: string

  constructor(services: Services, topic: string) {
    this.#services = services
    this.#topic = topic
  }

  /** True while the process runs; only then it sends, stores and follows. */
  isUp(brokerId: number): boolean {
    return this.#services.brokers.get(brokerId)?.state === 'running'
  }

  /** True while the controller believes in it, which can be longer than it runs. */
  isAlive(brokerId: number): boolean {
    return this.#services.brokers.get(brokerId)?.isFenced === false
  }

  isRegistered(brokerId: number): boolean {
    return this.#services.brokers.all.some(({ id }) => id === brokerId)
  }

  /** `unclean.leader.election.enable`. */
  get allowsUnclean(): boolean {
    return this.#services.configs.topic(this.#topic, 'unclean.leader.election.enable') === 'true'
  }

  /** `min.insync.replicas`, which asks for no more than there are. */
  minInSyncReplicas(replicas: number): number {
    return Math.min(this.#services.configs.topicNumber(this.#topic, 'min.insync.replicas'), replicas)
  }

  /** `replica.lag.time.max.ms`. */
  get lagTimeMaxMs(): number {
    return this.#services.configs.brokerNumber('replica.lag.time.max.ms')
  }

  get logConfig(): LogConfig {
    return this.#services.configs.log(this.#topic)
  }

  /** Wall time, by which retention counts. */
  get wallTime(): number {
    return this.#services.runtime.clock.wallTime()
  }
}
