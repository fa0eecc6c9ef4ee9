import { z } from 'zod'
import { invalid } from './arguments'

/** What configs belong to. `brokerLogger` holds the log levels of one broker. */
export type ConfigResourceType = 'topic' | 'broker' | 'brokerLogger' | 'clientMetrics' | 'group'

/**
 * Names what configs belong to: a topic or group by its name, a broker by its node id as text, all brokers by
 * `{ type: 'broker', name: '' }`.
 */
export interface ConfigResource {
  readonly type: ConfigResourceType
  readonly name: string
}

/** Kafka's numbers of the resource types. */
export const resourceTypeCodes: Readonly<Record<ConfigResourceType, number>> = {
  topic: 2,
  broker: 4,
  brokerLogger: 8,
  clientMetrics: 16,
  group: 32,
}

/** The fields that name a resource in a call's schema. */
export const resourceFields = {
  type: z.enum(['topic', 'broker', 'brokerLogger', 'clientMetrics', 'group']),
  name: z.string(),
}

/** `topic 'orders'`, for messages. */
export function describeResource(resource: ConfigResource): string {
  return `${resource.type} '${resource.name}'`
}

/** Tells resources of one answer apart. */
export function resourceKey(typeCode: number, name: string): string {
  return `${typeCode}:${name}`
}

/**
 * The broker that must answer for a resource: configs of one broker are known, and changed, by that broker alone.
 * Undefined where any broker can.
 */
export function resourceNode(resource: ConfigResource): number | undefined {
  const isBroker = resource.type === 'broker' || resource.type === 'brokerLogger'
  return isBroker && resource.name !== '' ? Number(resource.name) : undefined
}

/** Throws InvalidArgumentError for names that can't be right. */
export function requireResourceNames(what: string, resources: readonly ConfigResource[]): void {
  const problems = resources.flatMap((resource) => {
    const { type, name } = resource
    if (type === 'broker' && name === '') return []
    if (type === 'broker' || type === 'brokerLogger') {
      return /^\d{1,10}$/.test(name)
        ? []
        : [`${describeResource(resource)} must be named by a node id, such as '1'`]
    }
    return name === '' ? [`a resource of type ${type} needs a name`] : []
  })
  if (problems.length > 0) throw invalid(what, problems)
}
