import { KafkaError } from '../base/errors'
import type { ConsumerOptions, ResolvedConsumerOptions } from './consumer-options'
import { re2Of } from './group/re2-pattern'

/** With KIP-848 these are the broker's, and are set there. */
const classicOptions = {
  sessionTimeoutMs: "the group's config consumer.session.timeout.ms",
  heartbeatIntervalMs: "the group's config consumer.heartbeat.interval.ms",
  assignors: "option 'groupRemoteAssignor'",
} as const

/** What does not go together with the protocol of the group, as in Java. */
export function groupProtocolProblems(given: ConsumerOptions, resolved: ResolvedConsumerOptions): string[] {
  const { groupProtocol, groupRemoteAssignor, topicPattern } = resolved
  if (groupProtocol === 'classic') {
    if (groupRemoteAssignor === null) return []
    return [
      `option 'groupRemoteAssignor' needs groupProtocol 'consumer': here the members assign, by 'assignors'`,
    ]
  }
  const problems: string[] = []
  for (const option of ['sessionTimeoutMs', 'heartbeatIntervalMs', 'assignors'] as const) {
    if (given[option] === undefined) continue
    problems.push(
      `option '${option}' is the broker's with groupProtocol 'consumer'; leave it out, it is set by ${classicOptions[option]}`,
    )
  }
  return topicPattern === null ? problems : [...problems, ...patternProblems(topicPattern)]
}

function patternProblems(pattern: RegExp): string[] {
  try {
    re2Of(pattern)
    return []
  } catch (error) {
    return [`option 'topics': ${KafkaError.from(error).message}`]
  }
}
