import { ErrorCode } from '../../index'
import { deadGroup, describeGroup } from '../group/describe-group'
import {
  KafkaJSBrokerNotFound,
  KafkaJSDeleteGroupsError,
  KafkaJSDeleteTopicRecordsError,
} from '../errors/client-errors'
import { KafkaJSError } from '../errors/kafkajs-error'
import { KafkaJSProtocolError } from '../errors/protocol-errors'
import { protocolError } from '../errors/protocol-error-table'
import { translateError } from '../errors/translate-error'
import type { Admin, DeleteGroupsResult } from '../types/admin'
import { requireGroupIds, requirePartitions, requireTopicOfRecords } from './admin-checks'
import type { RunAdmin } from './admin-session'

type GroupOperations = Pick<
  Admin,
  'listGroups' | 'describeGroups' | 'deleteGroups' | 'describeCluster' | 'deleteTopicRecords'
>

/** What an admin does with groups, records and the cluster. */
export function groupOperations(run: RunAdmin): GroupOperations {
  return {
    listGroups: async () => {
      const groups = await run((admin) => admin.listGroups())
      return { groups: groups.map(({ groupId, protocolType }) => ({ groupId, protocolType })) }
    },

    describeGroups: async (groupIds) => {
      const results = await run((admin) => admin.describeGroups(groupIds, { partial: true }))
      return {
        groups: results.map((result) => {
          if (result.error === null) return describeGroup(result)
          if (result.error.code === 'GROUP_ID_NOT_FOUND') return deadGroup(result.groupId)
          throw translateError(result.error)
        }),
      }
    },

    deleteGroups: async (groupIds) => {
      requireGroupIds(groupIds)
      if (groupIds.length === 0) return []
      const results = await run((admin) => admin.deleteGroups(groupIds, { partial: true }))
      const ended = results.map(({ groupId, error }) => deletedGroup(groupId, error))
      const failed = ended.filter(({ error }) => error !== undefined)
      if (failed.length > 0) throw new KafkaJSDeleteGroupsError('Error in DeleteGroups', failed)
      return ended
    },

    describeCluster: async () => {
      const { brokers, controllerId, clusterId } = await run((admin) => admin.describeCluster())
      return {
        brokers: brokers.map(({ nodeId, host, port }) => ({ nodeId, host, port })),
        controller: controllerId,
        clusterId: clusterId as string,
      }
    },

    deleteTopicRecords: async ({ topic, partitions }) => {
      requireTopicOfRecords(topic)
      requirePartitions(partitions)
      const records = partitions.map(({ partition, offset }) => ({
        topic,
        partition,
        beforeOffset: offset === '-1' ? ('highWatermark' as const) : BigInt(offset),
      }))
      const results = await run((admin) => admin.deleteRecords(records, { partial: true }))
      const failed = results.flatMap(({ partition, error }, i) => {
        if (error === null) return []
        const offset = (partitions[i] as (typeof partitions)[number]).offset
        return [{ partition, offset, error: deletionError(translateError(error)) }]
      })
      if (failed.length > 0) throw new KafkaJSDeleteTopicRecordsError({ topic, partitions: failed })
    },
  }
}

function deletedGroup(groupId: string, error: Error | null): DeleteGroupsResult {
  if (error === null) return { groupId, errorCode: 0 }
  const translated = translateError(error)
  if (!(translated instanceof KafkaJSProtocolError)) throw translated
  return { groupId, errorCode: translated.code, error: translated }
}

/** What brokers say where nobody leads the partition, or there is none. */
const withoutLeader: readonly string[] = ['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE']

function deletionError(error: Error): KafkaJSError {
  if (error instanceof KafkaJSProtocolError && withoutLeader.includes(error.type)) {
    return new KafkaJSBrokerNotFound('Could not find the leader for the partition', { retriable: false })
  }
  return error instanceof KafkaJSError ? error : protocolError(ErrorCode.UNKNOWN_SERVER_ERROR)
}
