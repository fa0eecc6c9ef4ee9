import * as z from 'zod/mini'
import { KafkaError } from '../base/errors'
import { groupBy } from '../base/group-by'
import type { RequestTarget, ResponseError } from '../cluster/cluster'
import type { BrokerMetadata } from '../cluster/metadata'
import type { AdminCall } from './admin-call'
import { invalid } from './arguments'
import type { Outcome } from './item-result'
import type { Shard } from './item-runner'
import { outcomeOf, withFailed } from './shards'

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

/** What an answer about one resource names it by. */
interface ResourceAnswer extends ResponseError {
  readonly resourceType: number
  readonly resourceName: string
}

/** The outcomes of resources by the answers about them. */
export function resourceOutcomes<Item extends ConfigResource, Answer extends ResourceAnswer, Value>(
  items: readonly Item[],
  answers: readonly Answer[],
  outcome: (item: Item, answer: Answer) => Outcome<Value>,
): ReadonlyMap<Item, Outcome<Value>> {
  const keyOf = (typeCode: number, name: string) => `${typeCode}:${name}`
  const byKey = new Map(items.map((item) => [keyOf(resourceTypeCodes[item.type], item.name), item]))
  return new Map(
    answers.flatMap((answer): [Item, Outcome<Value>][] => {
      const item = byKey.get(keyOf(answer.resourceType, answer.resourceName))
      return item === undefined ? [] : [[item, outcome(item, answer)]]
    }),
  )
}

/** The outcomes of changed resources, which have no value. */
export function changedOutcomes<Item extends ConfigResource, Answer extends ResourceAnswer>(
  items: readonly Item[],
  answers: readonly Answer[],
  api: string,
): ReadonlyMap<Item, Outcome<object>> {
  return resourceOutcomes(items, answers, (item, answer) =>
    outcomeOf(answer, `Configs of ${describeResource(item)} were not changed`, { api }, () => ({})),
  )
}

/**
 * The broker that must answer for a resource: configs of one broker are known, and changed, by that broker alone.
 * Undefined where any broker can.
 */
function resourceNode(resource: ConfigResource): number | undefined {
  const isBroker = resource.type === 'broker' || resource.type === 'brokerLogger'
  return isBroker && resource.name !== '' ? Number(resource.name) : undefined
}

/** Splits resources by the broker that must answer for them. A broker that is not there fails its resources at once. */
export async function planByNode<Item extends ConfigResource, Value>(
  call: AdminCall,
  items: readonly Item[],
  send: (target: RequestTarget, items: readonly Item[]) => Promise<ReadonlyMap<Item, Outcome<Value>>>,
): Promise<readonly Shard<Item, Value>[]> {
  const nodes = groupBy(items, resourceNode)
  await learnNodes(call, [...nodes.keys()])
  const brokers = call.cluster.metadata.brokers()
  const failed = new Map<Item, KafkaError>()
  const shards: Shard<Item, Value>[] = []
  for (const [nodeId, shard] of nodes) {
    if (nodeId === undefined) shards.push({ items: shard, send: () => send({ kind: 'any' }, shard) })
    else if (isKnown(brokers, nodeId)) {
      shards.push({ items: shard, send: () => send({ kind: 'node', nodeId }, shard) })
    } else for (const item of shard) failed.set(item, noSuchBroker(brokers, nodeId))
  }
  return withFailed(failed, shards)
}

async function learnNodes(call: AdminCall, nodeIds: readonly (number | undefined)[]): Promise<void> {
  const brokers = call.cluster.metadata.brokers()
  const unknown = nodeIds.some((nodeId) => nodeId !== undefined && !isKnown(brokers, nodeId))
  if (unknown) await call.cluster.metadata.refresh(call.deadline)
}

function isKnown(brokers: readonly BrokerMetadata[], nodeId: number): boolean {
  return brokers.some((broker) => broker.nodeId === nodeId)
}

function noSuchBroker(brokers: readonly BrokerMetadata[], nodeId: number): KafkaError {
  const known = brokers.map((broker) => broker.nodeId).join(', ')
  return new KafkaError(
    'BROKER_NOT_AVAILABLE',
    `There is no broker ${nodeId} in the cluster at the moment; its brokers are ${known}`,
    { nodeId },
  )
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
