import type { ConfigStore } from '../contracts/config-store'
import type { RequestContext } from '../contracts/api-handler'
import type { Runtime } from '../contracts/runtime'
import {
  checkQuota,
  entityKey,
  type ClientQuotaKey,
  type QuotaEntity,
  type QuotaEntityType,
} from './quota-entity'
import { QuotaBucket, QuotaRate } from './quota-rate'
import type { QuotaKind, Quotas } from '../contracts/security'

/** What quotas need of the other parts of the cluster. */
export interface QuotaServices {
  readonly runtime: Pick<Runtime, 'clock'>
  readonly configs: Pick<ConfigStore, 'brokerNumber'>
}

/** One entity and its limits by quota. */
export interface QuotaEntry {
  readonly entity: QuotaEntity
  readonly limits: ReadonlyMap<string, number>
}

const keyOfKind: Readonly<Record<QuotaKind, ClientQuotaKey>> = {
  produce: 'producer_byte_rate',
  fetch: 'consumer_byte_rate',
  request: 'request_percentage',
  controller: 'controller_mutation_rate',
}

/** A limit that holds for a caller, and whose usage counts towards it. */
interface Applied {
  readonly limit: number
  readonly meterKey: string
}

/**
 * The quotas of users and client ids, by Kafka's precedence, and what was used of them. Usage of bytes and time
 * counts by broker, that of changes in the cluster. As long as no quota is set, nothing is counted.
 */
export class ClientQuotas implements Quotas {
  readonly #services: QuotaServices
  readonly #entries = new Map<string, QuotaEntry>()
  readonly #meters = new Map<string, QuotaRate | QuotaBucket>()

  constructor(services: QuotaServices) {
    this.#services = services
  }

  /**
   * Notes an amount: bytes for `produce` and `fetch`, milliseconds of handling for `request`, partitions for
   * `controller`. Answers the milliseconds for which the client is to be held back. A negative amount takes back what
   * was noted in the same moment.
   */
  record(context: RequestContext, kind: QuotaKind, amount: number): number {
    if (this.#entries.size === 0) return 0
    const key = keyOfKind[kind]
    const applied = this.#applied(key, context.session.principal.name, context.clientId ?? '')
    if (applied === undefined) return 0
    const now = this.#services.runtime.clock.now()
    if (kind === 'controller') {
      return this.#meter(`${key} ${applied.meterKey}`, true).record(amount, applied.limit, now)
    }
    const meter = this.#meter(`${context.broker.id} ${key} ${applied.meterKey}`, false)
    // A percentage of one second: 10 ms are one percent.
    if (kind === 'request') return Math.min(1_000, meter.record(amount / 10, applied.limit, now))
    return meter.record(amount, applied.limit, now)
  }

  /** All entities that have quotas. */
  get entries(): Iterable<QuotaEntry> {
    return this.#entries.values()
  }

  /** Sets limits, or takes them away with null. All are checked before any is set. @throws INVALID_REQUEST */
  alter(
    entity: QuotaEntity,
    changes: Iterable<readonly [key: string, limit: number | null]>,
    validateOnly = false,
  ): void {
    const key = entityKey(entity)
    const limits = new Map(this.#entries.get(key)?.limits)
    for (const [name, limit] of changes) {
      if (limit === null) {
        limits.delete(name)
        continue
      }
      checkQuota(entity, name, limit)
      limits.set(name, limit)
    }
    if (validateOnly) return
    if (limits.size === 0) this.#entries.delete(key)
    else this.#entries.set(key, { entity, limits })
  }

  /** The first quota that there is, from the one for both names to the default of client ids. */
  #applied(key: ClientQuotaKey, user: string, clientId: string): Applied | undefined {
    const both = JSON.stringify([user, clientId])
    const [ofUser, ofClient] = [JSON.stringify([user]), JSON.stringify([null, clientId])]
    return (
      this.#limit(key, both, ['user', user], ['client-id', clientId]) ??
      this.#limit(key, both, ['user', user], ['client-id', null]) ??
      this.#limit(key, ofUser, ['user', user]) ??
      this.#limit(key, both, ['user', null], ['client-id', clientId]) ??
      this.#limit(key, both, ['user', null], ['client-id', null]) ??
      this.#limit(key, ofUser, ['user', null]) ??
      this.#limit(key, ofClient, ['client-id', clientId]) ??
      this.#limit(key, ofClient, ['client-id', null])
    )
  }

  #limit(
    key: ClientQuotaKey,
    meterKey: string,
    ...parts: readonly (readonly [QuotaEntityType, string | null])[]
  ): Applied | undefined {
    const limit = this.#entries.get(entityKey(new Map(parts)))?.limits.get(key)
    return limit === undefined ? undefined : { limit, meterKey }
  }

  #meter(key: string, isController: boolean): QuotaRate | QuotaBucket {
    const known = this.#meters.get(key)
    if (known !== undefined) return known
    const { configs } = this.#services
    const prefix = isController ? 'controller.quota.window' : 'quota.window'
    const windows = {
      count: configs.brokerNumber(`${prefix}.num`),
      sizeMs: configs.brokerNumber(`${prefix}.size.seconds`) * 1000,
    }
    const meter = isController ? new QuotaBucket(windows) : new QuotaRate(windows)
    this.#meters.set(key, meter)
    return meter
  }
}
