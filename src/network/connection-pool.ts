import { ConnectionError, type KafkaError } from '../base/errors'
import { BrokerLink, type LinkSettings } from './broker-link'
import { brokerContext, type BrokerAddress } from './broker-address'
import { suspectAfterMs } from './connection'

/**
 * All links of a cluster, by broker and connection name. Brokers are known by their id: when one is found at another
 * address, its old connections end and the next request goes to the new one.
 */
export class ConnectionPool {
  readonly #settings: LinkSettings
  readonly #links = new Map<number, Map<string, BrokerLink>>()

  constructor(settings: LinkSettings) {
    this.#settings = settings
  }

  /** The link of that name to a broker; made when it does not exist yet or the broker has moved. */
  link(address: BrokerAddress, name: string): BrokerLink {
    let named = this.#links.get(address.nodeId)
    if (named === undefined) this.#links.set(address.nodeId, (named = new Map()))
    let link = named.get(name)
    if (link !== undefined && !sameAddress(link.address, address)) {
      link.close(gone(link.address, `is now at ${address.host}:${address.port}`))
      link = undefined
    }
    if (link === undefined) named.set(name, (link = new BrokerLink(address, this.#settings)))
    return link
  }

  /** The link if there is one. */
  existing(nodeId: number, name: string): BrokerLink | undefined {
    return this.#links.get(nodeId)?.get(name)
  }

  /** Every link to a broker. */
  linksOf(nodeId: number): BrokerLink[] {
    return [...(this.#links.get(nodeId)?.values() ?? [])]
  }

  /** All links there are. */
  all(): BrokerLink[] {
    return [...this.#links.values()].flatMap((named) => [...named.values()])
  }

  /** Requests waiting or unanswered at a broker, on all its links. */
  load(nodeId: number): number {
    return this.linksOf(nodeId).reduce((sum, link) => sum + link.load, 0)
  }

  /** True when the broker has owed an answer or a connection for long, on any link. */
  isStalled(nodeId: number): boolean {
    const now = this.#settings.clock.now()
    return this.linksOf(nodeId).some((link) => now - (link.waitingSince ?? now) >= suspectAfterMs)
  }

  /**
   * Follows the brokers that metadata names: a bootstrap connection to one of them becomes that broker's, connections
   * to brokers that moved or are gone end.
   */
  setBrokers(brokers: readonly BrokerAddress[]): void {
    for (const [nodeId, named] of [...this.#links]) {
      const first = [...named.values()][0]
      if (first === undefined) continue
      const broker =
        nodeId < 0
          ? brokers.find((candidate) => sameAddress(candidate, first.address))
          : brokers.find((candidate) => candidate.nodeId === nodeId)
      if (nodeId < 0) {
        if (broker !== undefined && !this.#links.has(broker.nodeId)) this.#adopt(nodeId, broker.nodeId)
        else this.#closeUnused(nodeId)
      } else if (broker === undefined) this.#closeNode(nodeId, 'is no longer part of the cluster')
      else if (!sameAddress(broker, first.address)) {
        this.#closeNode(nodeId, `is now at ${broker.host}:${broker.port}`)
      }
    }
  }

  #adopt(bootstrapId: number, nodeId: number): void {
    const named = this.#links.get(bootstrapId) as Map<string, BrokerLink>
    this.#links.delete(bootstrapId)
    this.#links.set(nodeId, named)
    for (const link of named.values()) link.rename(nodeId)
  }

  /** The brokers are known by id now; what still runs over a bootstrap address may finish. */
  #closeUnused(bootstrapId: number): void {
    if (this.load(bootstrapId) > 0) return
    this.#closeNode(bootstrapId, 'was only needed to find the others')
  }

  #closeNode(nodeId: number, why: string): void {
    const links = this.linksOf(nodeId)
    this.#links.delete(nodeId)
    for (const link of links) link.close(gone(link.address, why))
  }

  /** Ends the links of one name on all brokers. */
  closeNamed(name: string, reason: KafkaError): void {
    for (const named of this.#links.values()) {
      const link = named.get(name)
      named.delete(name)
      link?.close(reason)
    }
  }

  closeAll(reason: KafkaError): void {
    const links = this.all()
    this.#links.clear()
    for (const link of links) link.close(reason)
  }
}

function sameAddress(a: BrokerAddress, b: BrokerAddress): boolean {
  return a.host === b.host && a.port === b.port
}

function gone(address: BrokerAddress, what: string): ConnectionError {
  return new ConnectionError('DISCONNECTED', `The broker ${what}`, brokerContext(address))
}
