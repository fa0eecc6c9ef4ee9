// Guards against a pattern that matches other topics here than at a real broker.
import { compileTopicPattern } from '../../../../../src/testing/groups/consumer/topic-pattern'
import { codeName } from '../../support/group-fixture'
import { GroupDriver, given } from './group-driver'

describe('a subscription by regular expression', () => {
  test.each([
    ['orders-.*', ['orders-eu', 'orders-'], ['orders', 'x-orders-eu']],
    ['a|bc', ['a', 'bc'], ['ac', 'abc']],
    ['[[:lower:]]+[[:digit:]]', ['ab1'], ['AB1', 'ab']],
    ['(?i)Topic', ['topic', 'TOPIC'], ['tonic']],
    ['\\Qa.b\\E', ['a.b'], ['axb']],
    ['\\Aab\\z', ['ab'], ['abc']],
    ['(?P<name>a)b', ['ab'], ['b']],
    ['a{2,}', ['aa', 'aaa'], ['a']],
    ['[]a]', [']', 'a'], ['b']],
    ['x\\-y_z', ['x-y_z'], ['xyz']],
  ])('%s matches whole names as RE2 does', (pattern, yes, no) => {
    const isMatch = compileTopicPattern(pattern)
    expect(yes.filter((name) => !isMatch(name))).toEqual([])
    expect(no.filter((name) => isMatch(name))).toEqual([])
  })

  test.each([
    ['(foo', 'missing closing )'],
    ['[a', 'missing closing ]'],
    ['(?!foo)x', 'invalid or unsupported Perl syntax'],
    ['(a)\\1', 'invalid escape sequence'],
    ['*a', 'missing argument to repetition operator'],
    ['a\\', 'trailing backslash at end of expression'],
  ])('%s is refused in the words of RE2/J', (pattern, why) => {
    expect(() => compileTopicPattern(pattern)).toThrow(
      expect.objectContaining({
        brokerMessage: `SubscribedTopicRegex \`${pattern}\` is not a valid regular expression: ${why}.`,
      }),
    )
  })

  const join = { rebalanceTimeoutMs: 60_000, topicPartitions: [] }

  test('brings its topics with a later heartbeat, and new topics after ten seconds', async () => {
    const group = new GroupDriver()
    group.cluster.createTopic('logs-1', 1)
    group.cluster.createTopic('logs-secret', 1)
    group.cluster.forbidden.add('Describe Topic logs-secret')
    const first = await group.heartbeat({ ...join, memberId: 'a', subscribedTopicRegex: 'logs-.*' })
    expect(first).toMatchObject({ memberEpoch: 1, assignment: { topicPartitions: [] } })
    await group.cluster.clock.advance(1)
    const second = await group.heartbeat({ memberId: 'a', memberEpoch: 1 })
    expect(second.memberEpoch).toBe(2)
    expect(given(second)).toEqual([0])

    group.cluster.createTopic('logs-2', 1)
    expect((await group.heartbeat({ memberId: 'a', memberEpoch: 2 })).memberEpoch).toBe(2)
    await group.cluster.clock.advance(10_000)
    await group.heartbeat({ memberId: 'a', memberEpoch: 2 })
    await group.cluster.clock.advance(1)
    const third = await group.heartbeat({ memberId: 'a', memberEpoch: 2 })
    expect(given(third)).toEqual([0, 0])
    group.cluster.close()
  })

  test('ends with an empty one', async () => {
    const group = new GroupDriver()
    group.cluster.createTopic('logs', 1)
    await group.heartbeat({ ...join, memberId: 'a', subscribedTopicRegex: 'logs' })
    await group.cluster.clock.advance(1)
    await group.heartbeat({ memberId: 'a', memberEpoch: 1 })
    const none = await group.heartbeat({ memberId: 'a', memberEpoch: 2, subscribedTopicRegex: '' })
    expect(given(none)).toEqual([])
    expect((await group.describe()).groupEpoch).toBe(3)
    group.cluster.close()
  })

  test('is refused before anything of the group changes', async () => {
    const group = new GroupDriver()
    const refused = await group.heartbeat({ ...join, memberId: 'a', subscribedTopicRegex: '(' })
    expect(codeName(refused.errorCode)).toBe('INVALID_REGULAR_EXPRESSION')
    expect([...group.cluster.services.groups.all]).toEqual([])
    group.cluster.close()
  })
})
