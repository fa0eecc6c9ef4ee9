// Guards KIP-227: a broker that is told too little returns wrong partitions, one that is told too much wastes its session.
import { FetchSession } from '../../../../src/consumer/fetch/fetch-session'
import type { FetchTarget } from '../../../../src/consumer/fetch/fetch-targets'
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

/** A session that the broker has accepted, with these targets. */
function opened(...targets: FetchTarget[]): FetchSession {
  const session = new FetchSession()
  for (const one of targets) session.want(one)
  session.accept(session.plan(), 77)
  return session
}

const partitionsIn = (topics: readonly { partitions: readonly { partition: number }[] }[]) =>
  topics.flatMap(({ partitions }) => partitions.map(({ partition }) => partition))

describe('FetchSession', () => {
  it('F4 changes nothing before the broker has answered', () => {
    const session = new FetchSession()
    session.want(target(0))
    session.plan()
    const again = session.plan()
    expect([again.sessionId, again.sessionEpoch, partitionsIn(again.topics)]).toEqual([0, 0, [0]])
    session.accept(again, 77)
    session.want(target(0, { fetchOffset: 5n }))
    session.plan()
    const lost = session.plan()
    expect([lost.sessionId, lost.sessionEpoch, partitionsIn(lost.topics)]).toEqual([77, 1, [0]])
  })

  it('F4 says everything anew after a request that was lost', () => {
    const session = opened(target(0), target(1))
    session.want(target(1, { fetchOffset: 5n }))
    session.drop('t', 0)
    session.plan()
    session.replace()
    const plan = session.plan()
    expect([plan.sessionId, plan.sessionEpoch, partitionsIn(plan.topics)]).toEqual([77, 0, [1]])
    expect(plan.forgottenTopicsData).toEqual([])
  })

  it('sends new and changed partitions, and forgets those that are no longer wanted', () => {
    const session = opened(target(0), target(1), target(2))
    session.drop('t', 0)
    session.want(target(1))
    session.want(target(2, { fetchOffset: 9n }))
    session.want(target(3))
    const plan = session.plan()
    expect(partitionsIn(plan.topics)).toEqual([2, 3])
    expect(plan.forgottenTopicsData).toEqual([{ topic: 't', topicId: 'id-of-t', partitions: [0] }])
    session.accept(plan, 77)
    expect(session.plan()).toMatchObject({ sessionEpoch: 2, topics: [], forgottenTopicsData: [] })
  })

  it('does not forget what was dropped and is wanted again before the next request', () => {
    const session = opened(target(0), target(1))
    session.drop('t', 0)
    session.want(target(0, { fetchOffset: 5n }))
    const plan = session.plan()
    expect(partitionsIn(plan.topics)).toEqual([0])
    expect(plan.forgottenTopicsData).toEqual([])
    expect(session.targets.size).toBe(2)
  })

  it('C10 a topic with a new id is forgotten under the old one and added under the new', () => {
    const session = opened(target(0))
    session.want(target(0, { topicId: 'new-id' }))
    const plan = session.plan()
    expect(plan.forgottenTopicsData).toMatchObject([{ topicId: 'id-of-t', partitions: [0] }])
    expect(plan.topics).toMatchObject([{ topicId: 'new-id', partitions: [{ partition: 0 }] }])
    expect(session.targets.find('', 'id-of-t', 0)).toBeUndefined()
    expect(session.targets.find('', 'new-id', 0)).toMatchObject({ topic: 't' })
  })

  it('starts a new session in place of the old one when ids become known or unknown', () => {
    const session = opened(target(0))
    session.want(target(1, { topicId: zeroUuid }))
    const plan = session.plan()
    expect([plan.sessionId, plan.sessionEpoch, plan.usesTopicIds]).toEqual([77, 0, false])
    expect(partitionsIn(plan.topics)).toEqual([0, 1])
  })

  it('keeps sending everything when the broker gives no session', () => {
    const session = new FetchSession()
    session.want(target(0))
    session.accept(session.plan(), 0)
    const plan = session.plan()
    expect([plan.sessionEpoch, partitionsIn(plan.topics)]).toEqual([0, [0]])
  })

  it('C11 keeps the order in which partitions are wanted: who was asked for anew stands behind the others', () => {
    const session = new FetchSession()
    const other = target(5, { topic: 'u', topicId: 'id-of-u' })
    for (const one of [target(0), other, target(1)]) session.want(one)
    expect(session.plan().topics.map(({ topic }) => topic)).toEqual(['t', 'u', 't'])
    session.want(target(0, { fetchOffset: 1n }))
    expect(partitionsIn(session.plan().topics)).toEqual([5, 1, 0])
    expect(session.targets.bytes).toBe(300)
  })
})
