// Guards KIP-227: a broker that is told too little returns wrong partitions, one that is told too much wastes its session.
import { FetchSession, type FetchTarget } from '../../../../src/consumer/fetch/fetch-session'
import { zeroUuid } from '../../../../src/wire/primitives/uuid'

function target(partition: number, overrides: Partial<FetchTarget> = {}): FetchTarget {
  return {
    topic: 't',
    topicId: 'id-of-t',
    partition,
    fetchOffset: 0n,
    currentLeaderEpoch: 1,
    partitionMaxBytes: 100,
    ...overrides,
  }
}

const partitionsIn = (topics: readonly { partitions: readonly { partition: number }[] }[]) =>
  topics.flatMap(({ partitions }) => partitions.map(({ partition }) => partition))

describe('FetchSession', () => {
  it('F4 changes nothing before the broker has answered', () => {
    const session = new FetchSession()
    session.plan([target(0)])
    const again = session.plan([target(0)])
    expect([again.sessionId, again.sessionEpoch, partitionsIn(again.topics)]).toEqual([0, 0, [0]])
    session.accept(again, 77)
    session.plan([target(0, { fetchOffset: 5n })])
    const lost = session.plan([target(0, { fetchOffset: 5n })])
    expect([lost.sessionId, lost.sessionEpoch, partitionsIn(lost.topics)]).toEqual([77, 1, [0]])
  })

  it('sends new and changed partitions, and forgets those that are no longer wanted', () => {
    const session = new FetchSession()
    session.accept(session.plan([target(0), target(1), target(2)]), 77)
    const plan = session.plan([target(1), target(2, { fetchOffset: 9n }), target(3)])
    expect(partitionsIn(plan.topics)).toEqual([2, 3])
    expect(plan.forgottenTopicsData).toEqual([{ topic: 't', topicId: 'id-of-t', partitions: [0] }])
    session.accept(plan, 77)
    expect(session.plan([target(1), target(2, { fetchOffset: 9n }), target(3)]).topics).toEqual([])
  })

  it('C10 a topic with a new id is forgotten under the old one and added under the new', () => {
    const session = new FetchSession()
    session.accept(session.plan([target(0)]), 77)
    const plan = session.plan([target(0, { topicId: 'new-id' })])
    expect(plan.forgottenTopicsData).toMatchObject([{ topicId: 'id-of-t', partitions: [0] }])
    expect(plan.topics).toMatchObject([{ topicId: 'new-id', partitions: [{ partition: 0 }] }])
  })

  it('starts a new session in place of the old one when ids become known or unknown', () => {
    const session = new FetchSession()
    session.accept(session.plan([target(0)]), 77)
    const plan = session.plan([target(0), target(1, { topicId: zeroUuid })])
    expect([plan.sessionId, plan.sessionEpoch, plan.usesTopicIds]).toEqual([77, 0, false])
    expect(partitionsIn(plan.topics)).toEqual([0, 1])
  })

  it('keeps sending everything when the broker gives no session', () => {
    const session = new FetchSession()
    session.accept(session.plan([target(0)]), 0)
    const plan = session.plan([target(0)])
    expect([plan.sessionEpoch, partitionsIn(plan.topics)]).toEqual([0, [0]])
  })

  it('keeps the order in which partitions are wanted, also when topics alternate', () => {
    const plan = new FetchSession().plan([
      target(0),
      target(5, { topic: 'u', topicId: 'id-of-u' }),
      target(1),
    ])
    expect(plan.topics.map(({ topic }) => topic)).toEqual(['t', 'u', 't'])
  })
})
