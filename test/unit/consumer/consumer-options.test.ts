// Guards against options that are silently ignored or contradict each other.
import { resolveConsumerOptions, type ConsumerOptions } from '../../../src/consumer/consumer-options'
import { topic } from '../../../src/serde/topic'

const group: ConsumerOptions = { groupId: 'g', topics: ['t'] }

describe('consumer options', () => {
  it('has the defaults of the Java client, except where its documentation says otherwise', () => {
    const { assignors, topics, ...rest } = resolveConsumerOptions(group)
    expect(assignors.map(({ name }) => name)).toEqual(['cooperative-sticky'])
    expect(topics.map(({ name }) => name)).toEqual(['t'])
    expect(rest).toEqual({
      groupId: 'g',
      topicPattern: null,
      assign: null,
      startFrom: 'latest',
      until: null,
      whenOutOfRange: 'startFrom',
      groupInstanceId: null,
      groupProtocol: 'classic',
      groupRemoteAssignor: null,
      sessionTimeoutMs: 45_000,
      heartbeatIntervalMs: 3_000,
      maxPollIntervalMs: 300_000,
      rebalanceTimeoutMs: 300_000,
      revocationGraceMs: null,
      autoCommit: true,
      autoCommitIntervalMs: 5_000,
      autoCommitMessages: Infinity,
      isolationLevel: 'read_uncommitted',
      checkCrcs: true,
      fetchMinBytes: 1,
      fetchMaxBytes: 52_428_800,
      fetchMaxWaitMs: 500,
      maxPartitionFetchBytes: 1_048_576,
      fetchMemoryBytes: 67_108_864,
      clientRack: '',
      allowAutoTopicCreation: false,
      stallTimeoutMs: 30_000,
      defaultApiTimeoutMs: 60_000,
      onPartitionsAssigned: undefined,
      onPartitionsRevoked: undefined,
      onPartitionsLost: undefined,
    })
  })

  it('takes topics by definition and by name, and does not commit without a group', () => {
    const orders = topic('orders')
    expect(resolveConsumerOptions({ ...group, topics: [orders, 'clicks'] }).topics[0]).toBe(orders)
    expect(resolveConsumerOptions({ assign: [{ topic: 't', partition: 0 }] }).autoCommit).toBe(false)
  })

  it.each<[string, ConsumerOptions, RegExp]>([
    ['nothing to read', { groupId: 'g' }, /'topics' .* and 'assign' is needed/],
    ['topics without a group', { topics: ['t'] }, /'topics' needs a 'groupId'/],
    ['automatic commits without a group', { assign: [], autoCommit: true }, /'autoCommit' is true/],
    [
      'an instance id without membership',
      { groupId: 'g', groupInstanceId: 'i', assign: [] },
      /groupInstanceId/,
    ],
    [
      'heartbeats as rare as the session',
      { ...group, sessionTimeoutMs: 3000 },
      /'heartbeatIntervalMs' is 3000/,
    ],
    ['a topic twice', { ...group, topics: ['t', topic('t')] }, /must not name t more than once/],
    [
      'a session timeout of its own with KIP-848',
      { ...group, groupProtocol: 'consumer', sessionTimeoutMs: 10_000 },
      /'sessionTimeoutMs' is the broker's .* consumer.session.timeout.ms/,
    ],
    [
      'a heartbeat interval of its own with KIP-848',
      { ...group, groupProtocol: 'consumer', heartbeatIntervalMs: 3_000 },
      /'heartbeatIntervalMs' is the broker's .* consumer.heartbeat.interval.ms/,
    ],
    [
      'assignors of its own with KIP-848',
      { ...group, groupProtocol: 'consumer', assignors: ['range'] },
      /'assignors' is the broker's .* 'groupRemoteAssignor'/,
    ],
    [
      "a broker's assignor with the classic protocol",
      { ...group, groupRemoteAssignor: 'uniform' },
      /'groupRemoteAssignor' needs groupProtocol 'consumer'/,
    ],
    [
      'a pattern that brokers can not be asked for',
      { groupId: 'g', groupProtocol: 'consumer', topics: [new RegExp('^[a--b]', 'v')] },
      /flag 'v' has no meaning for brokers/,
    ],
    ['a topic name Kafka refuses', { ...group, topics: ['a b'] }, /may hold only letters/],
    ['a negative offset', { ...group, startFrom: { offset: -1 } }, /'startFrom' .*must be 'earliest'/],
    ['an unknown place to start', { ...group, startFrom: 'oldest' as 'latest' }, /'startFrom' is 'oldest'/],
    ['an unknown assignor', { ...group, assignors: ['best' as 'range'] }, /assignors\.0' is 'best'/],
    ['no assignor', { ...group, assignors: [] }, /at least one assignor/],
    ['a fraction', { ...group, fetchMaxWaitMs: 0.5 }, /'fetchMaxWaitMs' is 0\.5: must be a whole number/],
    [
      'a misspelt option',
      { ...group, sesionTimeoutMs: 1 } as ConsumerOptions,
      /did you mean 'sessionTimeoutMs'/,
    ],
    [
      'a listener that is none',
      { ...group, onPartitionsLost: 'x' as never },
      /'onPartitionsLost' .*must be a function/,
    ],
  ])('refuses %s', (_what, options, message) => {
    expect(() => resolveConsumerOptions(options)).toThrow(message)
  })

  it('lists all problems in one error', () => {
    expect(() => resolveConsumerOptions({ groupId: '', topics: ['t'], fetchMinBytes: -1 })).toThrow(
      /groupId.*fetchMinBytes/,
    )
  })
})
