import { fail } from '../contracts/kafka-failure'

/** Topics that Kafka itself writes; `__share_group_state` is one only for who knows share groups. */
const internalTopics: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
])

/** True for the topics that Kafka itself writes. */
export function isInternalTopic(name: string): boolean {
  return internalTopics.has(name)
}

/** What is wrong with a topic's name, in Kafka's words; undefined when nothing is. */
export function topicNameProblem(name: string): string | undefined {
  if (name === '') return 'the empty string is not allowed'
  if (name === '.' || name === '..') return `'${name}' is not allowed`
  if (name.length > 249) return `the length of '${name}' is longer than the max allowed length 249`
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return `'${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`
  }
  return undefined
}

/** @throws INVALID_TOPIC_EXCEPTION */
export function checkTopicName(name: string): void {
  const problem = topicNameProblem(name)
  if (problem !== undefined) throw fail('INVALID_TOPIC_EXCEPTION', `Topic name is invalid: ${problem}`)
}

/** True when two different topics would have metrics of one name: a dot counts as an underscore there. */
export function topicNamesCollide(one: string, other: string): boolean {
  return one !== other && one.replaceAll('.', '_') === other.replaceAll('.', '_')
}

/** Kafka's id for a topic whose id is not known. */
export const zeroTopicId = 'AAAAAAAAAAAAAAAAAAAAAA'
