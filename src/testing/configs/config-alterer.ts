import { topicNameProblem } from '../cluster/topic-names'
import { fail } from '../contracts/kafka-failure'
import type { Services } from '../contracts/services'
import { checkBrokerConfigs } from './broker-config-checks'
import { checkClientMetricsConfigs } from './client-metrics-config-checks'
import type { ClusterConfigs } from './cluster-configs'
import {
  brokerConfigs,
  clientMetricsConfigs,
  groupConfigs,
  topicConfigs,
  type ConfigDefinitions,
} from './config-definition'
import { withOperations, type ConfigOperation } from './config-operations'
import { ConfigResourceType } from '../contracts/config-store'
import { checkGroupConfigs } from './group-config-checks'

/** A resource whose configs are altered. */
export interface AlteredResource {
  /** Kafka's number, see ConfigResourceType. */
  readonly type: number
  readonly name: string
}

const definitionsOf: ReadonlyMap<number, ConfigDefinitions> = new Map([
  [ConfigResourceType.topic, topicConfigs],
  [ConfigResourceType.broker, brokerConfigs],
  [ConfigResourceType.group, groupConfigs],
  // Their lists are none to the controller, which knows no definitions of client metrics.
  [ConfigResourceType.clientMetrics, new Map<string, never>()],
])

/** Alters configs with all of Kafka's checks: of the resource, of each value, and of all values together. */
export class ConfigAlterer {
  readonly #configs: ClusterConfigs
  readonly #services: Services

  constructor(configs: ClusterConfigs, services: Services) {
    this.#configs = configs
    this.#services = services
  }

  /** @throws UNKNOWN_TOPIC_OR_PARTITION, INVALID_CONFIG, INVALID_REQUEST, … */
  incremental(resource: AlteredResource, changes: readonly ConfigOperation[], validateOnly: boolean): void {
    const definitions = definitionsOf.get(resource.type)
    if (definitions === undefined) throw fail('INVALID_REQUEST', `Unknown resource type ${resource.type}`)
    const current = this.#configs.dynamic.of(resource.type, resource.name)
    const next = withOperations(current, changes, definitions, (name) => this.#below(resource.type, name))
    this.#checkMinInSync(resource, current, next)
    this.#apply(resource, next, validateOnly)
  }

  /** Replaces all that was set, as the older AlterConfigs does. @throws as `incremental` */
  replace(resource: AlteredResource, configs: ReadonlyMap<string, string>, validateOnly: boolean): void {
    if (!definitionsOf.has(resource.type)) {
      throw fail('INVALID_REQUEST', `Unknown resource type ${resource.type}`)
    }
    this.#checkMinInSync(resource, this.#configs.dynamic.of(resource.type, resource.name), configs)
    this.#apply(resource, configs, validateOnly)
  }

  #apply(resource: AlteredResource, next: ReadonlyMap<string, string>, validateOnly: boolean): void {
    this.#checkResource(resource)
    const checked = this.#checked(resource, next)
    if (!validateOnly) this.#configs.replace(resource.type, resource.name, checked)
  }

  #checkResource({ type, name }: AlteredResource): void {
    if (type === ConfigResourceType.topic) {
      if (name === '') throw fail('INVALID_REQUEST', 'Default topic resources are not allowed.')
      const problem = topicNameProblem(name)
      if (problem !== undefined) throw fail('INVALID_TOPIC_EXCEPTION', `Topic name is invalid: ${problem}`)
      if (this.#services.topics.byName(name) === undefined) {
        throw fail('UNKNOWN_TOPIC_OR_PARTITION', `The topic '${name}' does not exist.`)
      }
    }
    if (type === ConfigResourceType.group && name === '') {
      throw fail('INVALID_REQUEST', 'Default group resources are not allowed.')
    }
    if (type === ConfigResourceType.clientMetrics && name === '') {
      throw fail('INVALID_REQUEST', "Subscription name can't be empty")
    }
  }

  #checked({ type, name }: AlteredResource, next: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    if (type === ConfigResourceType.topic) return this.#configs.checkedTopic(Object.fromEntries(next))
    if (type === ConfigResourceType.broker) return checkBrokerConfigs(next, name !== '')
    if (type === ConfigResourceType.clientMetrics) return checkClientMetricsConfigs(next)
    return checkGroupConfigs(
      next,
      (broker) => this.#configs.broker(broker),
      (group) => this.#configs.groupDefault(group),
    )
  }

  /** With eligible leader replicas (KIP-966) there is one `min.insync.replicas` for all brokers, which stays. */
  #checkMinInSync(
    { type, name }: AlteredResource,
    current: ReadonlyMap<string, string>,
    next: ReadonlyMap<string, string>,
  ): void {
    const level = this.#services.release.features.get('eligible.leader.replicas.version')?.finalized ?? 0
    if (type !== ConfigResourceType.broker || level < 1) return
    const key = 'min.insync.replicas'
    if (name !== '' && next.has(key)) {
      throw fail('INVALID_CONFIG', 'Broker-level min.insync.replicas cannot be altered while ELR is enabled.')
    }
    if (name === '' && current.has(key) && !next.has(key)) {
      throw fail(
        'INVALID_CONFIG',
        'Cluster-level min.insync.replicas cannot be removed while ELR is enabled.',
      )
    }
  }

  /** What a list config is where it was not set, for append and subtract. */
  #below(type: number, name: string): string {
    if (type === ConfigResourceType.topic) return this.#configs.topicDefault(name)
    if (type === ConfigResourceType.group) return this.#configs.groupDefault(name)
    if (type === ConfigResourceType.clientMetrics) return clientMetricsConfigs.get(name)?.defaultValue ?? ''
    return this.#configs.static.get(name) ?? this.#configs.brokerDefault(name) ?? ''
  }
}
