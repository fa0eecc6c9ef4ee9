// Guards the order in which a broker is asked for its partitions, which is what keeps one from starving the others.
import { type FetchTarget, FetchTargets } from '../../../../src/consumer/fetch/fetch-targets'
import { zeroUuid } from '../../../../src/wire/primitives/uuid'

const target = (topic: string, partition: number, more: Partial<FetchTarget> = {}): FetchTarget => ({
  topic,
  topicId: `id-of-${topic}`,
  partition,
  fetchOffset: 0n,
  currentLeaderEpoch: 0,
  partitionMaxBytes: 100,
  ...more,
})

const namesOf = (targets: FetchTargets<FetchTarget>) =>
  [...targets].map(({ topic, partition, fetchOffset }) => `${topic}-${partition} from ${fetchOffset}`)

function filled(): FetchTargets<FetchTarget> {
  const targets = new FetchTargets<FetchTarget>()
  for (const each of [target('a', 0), target('a', 1), target('b', 0)]) targets.set(each)
  return targets
}

describe('FetchTargets', () => {
  test('C11: what is asked for anew stands at the end, wherever it stood', () => {
    const targets = filled()
    expect(targets.set(target('a', 1, { fetchOffset: 5n }))).toMatchObject({ partition: 1, fetchOffset: 0n })
    expect(namesOf(targets)).toEqual(['a-0 from 0', 'b-0 from 0', 'a-1 from 5'])
    targets.set(target('a', 1, { fetchOffset: 6n }))
    targets.set(target('a', 0, { fetchOffset: 7n }))
    expect(namesOf(targets)).toEqual(['b-0 from 0', 'a-1 from 6', 'a-0 from 7'])
    expect(targets.size).toBe(3)
  })

  test('what is gone leaves the order of the others as it is, at either end and in the middle', () => {
    for (const [topic, partition] of [
      ['a', 0],
      ['a', 1],
      ['b', 0],
    ] as const) {
      const targets = filled()
      const others = namesOf(targets).filter((name) => !name.startsWith(`${topic}-${partition}`))
      expect(targets.delete(topic, partition)).toMatchObject({ topic, partition })
      expect(targets.delete(topic, partition)).toBeUndefined()
      expect(namesOf(targets)).toEqual(others)
      targets.set(target('c', 0))
      expect(namesOf(targets)).toEqual([...others, 'c-0 from 0'])
      expect(targets.bytes).toBe(300)
    }
  })

  test('a topic that was created again is found by its new id alone', () => {
    const targets = filled()
    targets.set(target('a', 0, { topicId: 'new', partitionMaxBytes: 50 }))
    expect(targets.find('', 'new', 0)).toMatchObject({ topic: 'a' })
    expect(targets.find('', 'id-of-a', 0)).toBeUndefined()
    expect(targets.find('', 'id-of-a', 1)).toMatchObject({ topic: 'a', partition: 1 })
    expect([targets.size, targets.bytes]).toEqual([3, 250])
  })

  test('ids are known when that of each topic is', () => {
    const targets = filled()
    targets.set(target('a', 0, { topicId: zeroUuid }))
    expect(targets.haveIds).toBe(false)
    targets.set(target('a', 0))
    expect(targets.haveIds).toBe(true)
  })

  test('nothing is left after all were cleared', () => {
    const targets = filled()
    targets.clear()
    expect([targets.size, targets.bytes, namesOf(targets)]).toEqual([0, 0, []])
    expect(targets.get('a', 0)).toBeUndefined()
    targets.set(target('b', 0))
    expect(namesOf(targets)).toEqual(['b-0 from 0'])
  })
})
