import type { RequestContext } from '../../contracts/api-handler'
import type { Services } from '../../contracts/services'
import type { ConsumerGroup } from './consumer-group'
import { topicsFingerprint } from './subscriptions'
import { compileTopicPattern } from './topic-pattern'

/** Between two looks at all topics of the cluster for one group. */
const shortestRefreshMs = 10_000

interface Resolution {
  at: number
  metadataVersion: number
  isUnderway: boolean
}

/**
 * Finds the topics that the regular expressions of groups match. Kafka does it beside the heartbeat that asks for it:
 * the member learns of the topics by a later one, and at most every ten seconds a group is looked at anew.
 */
export class PatternResolution {
  readonly #services: Services
  readonly #states = new WeakMap<ConsumerGroup, Resolution>()

  constructor(services: Services) {
    this.#services = services
  }

  /** Starts one when there are patterns nobody looked at, topics came, or the last one is old. */
  refreshIfNeeded(group: ConsumerGroup, context: RequestContext, metadataVersion: number): void {
    const patterns = subscribedPatterns(group)
    const state = this.#states.get(group)
    const { clock } = this.#services.runtime
    if (patterns.size === 0 || state?.isUnderway) return
    if (state !== undefined && !this.#isDue(group, patterns, state, metadataVersion)) return
    const next: Resolution = { at: clock.now(), metadataVersion, isUnderway: true }
    this.#states.set(group, next)
    const timer = clock.setTimer(0, () => {
      next.isUnderway = false
      if (this.#services.groups.get(group.groupId) === group) this.#resolve(group, context)
    })
    timer.unref?.()
  }

  #isDue(group: ConsumerGroup, patterns: ReadonlySet<string>, state: Resolution, version: number): boolean {
    const age = this.#services.runtime.clock.now() - state.at
    if (age < shortestRefreshMs) return false
    if (patterns.size !== group.resolvedPatterns.size || state.metadataVersion !== version) return true
    return age > this.#services.configs.brokerNumber('group.consumer.regex.refresh.interval.ms')
  }

  #resolve(group: ConsumerGroup, context: RequestContext): void {
    let hasChanged = false
    const patterns = subscribedPatterns(group)
    for (const pattern of patterns) {
      const topics = this.#matches(pattern, context)
      const before = group.resolvedPatterns.get(pattern)
      group.resolvedPatterns.set(pattern, topics)
      hasChanged ||= before === undefined ? topics.size > 0 : !sameTopics(before, topics)
    }
    for (const pattern of [...group.resolvedPatterns.keys()]) {
      if (!patterns.has(pattern)) group.resolvedPatterns.delete(pattern)
    }
    const fingerprint = topicsFingerprint(this.#services, group.subscribedNames())
    if (hasChanged || fingerprint !== group.topicsFingerprint) group.groupEpoch++
    group.topicsFingerprint = fingerprint
  }

  #matches(pattern: string, context: RequestContext): Set<string> {
    const isMatch = compileTopicPattern(pattern)
    const names = [...this.#services.topics.all].map(({ name }) => name).filter(isMatch)
    return new Set(
      names.filter((name) => this.#services.authorizer.allows(context, 'Describe', 'Topic', name)),
    )
  }
}

function subscribedPatterns(group: ConsumerGroup): Set<string> {
  const patterns = new Set<string>()
  for (const { topicRegex } of group.members.values()) if (topicRegex !== '') patterns.add(topicRegex)
  return patterns
}

function sameTopics(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((topic) => b.has(topic))
}
