import * as z from 'zod/mini'
import { ErrorCode } from '../base/error-codes'
import { formatTopicPartition, partitionsByTopic, type TopicPartition } from '../base/topic-partition'
import { electLeadersApi, type ElectLeadersResponse } from '../wire/generated/client/elect-leaders'
import { request, requestTimeoutMs, type AdminCall } from './admin-call'
import { parseArgument, parseItems, topicPartitionSchema } from './arguments'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { brokerError, controllerRetries, oneShard } from './shards'

/**
 * Which replica becomes leader: `preferred` is the first of a partition's replicas, if it is in sync; `unclean` any
 * that lives, for partitions that have lost their leader, at the cost of messages it does not have (KIP-460).
 */
export type ElectionType = 'preferred' | 'unclean'

/** A partition that has the leader it was to get. */
export interface ElectedLeader extends TopicPartition {
  /** False when it had that leader already. */
  readonly elected: boolean
}

const typeSchema = z.enum(['preferred', 'unclean'])

type Elected = Pick<ElectedLeader, 'elected'>
type Results = ItemResult<ElectedLeader, 'topic' | 'partition'>[]

/** Before this version a request does not say which election it means, and all are for the preferred leader. */
const typeVersion = 1

/**
 * Kafka: `Admin.electLeaders`, API ElectLeaders, to the controller. For `all` the answer names the partitions that
 * had something to elect.
 */
export async function electLeaders(
  call: AdminCall,
  type: ElectionType,
  partitions: readonly TopicPartition[] | 'all',
): Promise<Results> {
  parseArgument('electLeaders', 'type', typeSchema, type)
  if (partitions === 'all') {
    const found = await send(call, type, null)
    return [...found.values()].map(({ topic, partition, outcome }) =>
      'error' in outcome
        ? { topic, partition, error: outcome.error }
        : { topic, partition, ...outcome.value, error: null },
    )
  }
  const items = parseItems('electLeaders', 'partitions', topicPartitionSchema, partitions, (item) =>
    nameOf(item),
  )
  const outcomes = await runItems<TopicPartition, Elected>(call, items, {
    plan: (open) =>
      Promise.resolve(
        oneShard(open, async (shard) => {
          const found = await send(call, type, shard)
          const entries = shard.flatMap((item): [TopicPartition, Outcome<Elected>][] => {
            const answer = found.get(nameOf(item))
            return answer === undefined ? [] : [[item, answer.outcome]]
          })
          return new Map(entries)
        }),
      ),
    retried: controllerRetries,
  })
  return itemResults(items, outcomes, ({ topic, partition }) => ({ topic, partition }))
}

interface PartitionOutcome extends TopicPartition {
  readonly outcome: Outcome<Elected>
}

function nameOf(partition: TopicPartition): string {
  return `partition ${formatTopicPartition(partition)}`
}

async function send(
  call: AdminCall,
  type: ElectionType,
  partitions: readonly TopicPartition[] | null,
): Promise<ReadonlyMap<string, PartitionOutcome>> {
  const body = {
    electionType: type === 'unclean' ? 1 : 0,
    topicPartitions:
      partitions === null
        ? null
        : [...partitionsByTopic(partitions)].map(([topic, numbers]) => ({ topic, partitions: numbers })),
    timeoutMs: requestTimeoutMs(call),
  }
  const response = await request(call, { kind: 'controller' }, electLeadersApi, body, {
    minVersion: type === 'unclean' ? typeVersion : 0,
    errorOf: (answer) => answer,
  })
  return new Map(response.replicaElectionResults.flatMap(partitionOutcomes))
}

function partitionOutcomes({
  topic,
  partitionResult,
}: ElectLeadersResponse['replicaElectionResults'][number]): [string, PartitionOutcome][] {
  return partitionResult.map((answer) => {
    const partition = answer.partitionId
    const context = { api: electLeadersApi.name, topic, partition }
    return [nameOf({ topic, partition }), { topic, partition, outcome: outcome(answer, context) }]
  })
}

type PartitionAnswer = ElectLeadersResponse['replicaElectionResults'][number]['partitionResult'][number]

function outcome(
  answer: PartitionAnswer,
  context: TopicPartition & { readonly api: string },
): Outcome<Elected> {
  if (answer.errorCode === ErrorCode.NONE) return { value: { elected: true } }
  if (answer.errorCode === ErrorCode.ELECTION_NOT_NEEDED) return { value: { elected: false } }
  return { error: brokerError(answer, 'No leader was elected', context) }
}
