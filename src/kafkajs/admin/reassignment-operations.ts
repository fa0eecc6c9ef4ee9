import { KafkaJSAggregateError } from '../errors/kafkajs-error'
import { KafkaJSAlterPartitionReassignmentsError, KafkaJSProtocolError } from '../errors/protocol-errors'
import { translateError } from '../errors/translate-error'
import type { Admin, OngoingTopicReassignment } from '../types/admin'
import { requireListedReassignments, requireReassignments } from './admin-checks'
import { type RunAdmin, withTimeout } from './admin-session'

type ReassignmentOperations = Pick<Admin, 'alterPartitionReassignments' | 'listPartitionReassignments'>

/** What an admin does to move partitions from broker to broker. */
export function reassignmentOperations(run: RunAdmin): ReassignmentOperations {
  return {
    alterPartitionReassignments: async ({ topics, timeout }) => {
      requireReassignments(topics)
      const moves = topics.flatMap(({ topic, partitionAssignment }) =>
        partitionAssignment.map(({ partition, replicas }) => ({ topic, partition, replicas })),
      )
      if (moves.length === 0) return
      const results = await run((admin) =>
        admin.alterPartitionReassignments(moves, { partial: true, ...withTimeout(timeout) }),
      )
      const errors = results.flatMap(({ topic, partition, error }) =>
        error === null ? [] : [reassignmentError(topic, partition, translateError(error))],
      )
      if (errors.length > 0) {
        throw new KafkaJSAggregateError('Errors altering partition reassignments', errors)
      }
    },

    listPartitionReassignments: async ({ topics, timeout } = {}) => {
      if (topics) requireListedReassignments(topics)
      const partitions = topics?.flatMap(({ topic, partitions: listed }) =>
        listed.map((partition) => ({ topic, partition })),
      )
      const moving = await run((admin) =>
        admin.listPartitionReassignments({ ...(partitions && { partitions }), ...withTimeout(timeout) }),
      )
      const byTopic = new Map<string, OngoingTopicReassignment>()
      for (const { topic, partition, replicas, addingReplicas, removingReplicas } of moving) {
        // KafkaJS declares `topic`, and answers with `name`: both are there.
        const known =
          byTopic.get(topic) ?? ({ topic, name: topic, partitions: [] } as OngoingTopicReassignment)
        byTopic.set(topic, known)
        known.partitions.push({
          partitionIndex: partition,
          replicas: [...replicas],
          addingReplicas: [...addingReplicas],
          removingReplicas: [...removingReplicas],
        })
      }
      return { topics: [...byTopic.values()] }
    },
  }
}

/** @throws what is no broker's word on the one partition */
function reassignmentError(topic: string, partition: number, error: Error): Error {
  if (!(error instanceof KafkaJSProtocolError)) throw error
  return new KafkaJSAlterPartitionReassignmentsError(error, topic, partition)
}
