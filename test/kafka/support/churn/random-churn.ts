import { randomIntegers } from '../../../support/random-integers'
import type { ChurnGroup, ChurnMember } from './churn-group'

export interface RandomChurnOptions {
  /** The same one gives the same members the same fate, as far as machines can. */
  readonly seed: number
  readonly seconds: number
  readonly fewest: number
  readonly most: number
  /** No freeze lasts longer. */
  readonly longestFreezeMs: number
}

type Fate = 'join' | 'leave' | 'kill' | 'freeze' | 'restart' | 'killAndRestart' | 'replace'

const fates: readonly Fate[] = ['join', 'join', 'leave', 'kill', 'freeze']
/** Members with a place of their own are rather restarted. */
const staticFates: readonly Fate[] = [
  'join',
  'leave',
  'kill',
  'freeze',
  'restart',
  'restart',
  'killAndRestart',
  'killAndRestart',
  'replace',
]

/** Lets members join, leave, freeze and die at random; when it is over nobody is frozen any more. */
export async function churnAtRandom(group: ChurnGroup, options: RandomChurnOptions): Promise<void> {
  const random = randomIntegers(options.seed)
  const end = Date.now() + options.seconds * 1000
  const running: Promise<unknown>[] = []
  const busy = new Set<ChurnMember>()
  let toCome = 0
  const start = (member: ChurnMember | undefined, work: Promise<unknown>) => {
    if (member !== undefined) busy.add(member)
    running.push(work.finally(() => member !== undefined && busy.delete(member)))
  }
  const join = () => {
    toCome++
    start(
      undefined,
      group.join().finally(() => toCome--),
    )
  }
  while (Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 300 + random(2200)))
    const free = group.awake.filter((member) => !busy.has(member))
    const member = free[random(Math.max(1, free.length))]
    const known = group.options.mode === 'static' ? staticFates : fates
    const fate = known[random(known.length)] ?? 'join'
    const freezeMs = 500 + random(options.longestFreezeMs - 500)
    if (fate === 'join' || free.length <= options.fewest || member === undefined) {
      if (group.members.length + toCome < options.most) join()
    } else start(member, suffer(group, member, fate, freezeMs))
  }
  await Promise.all(running)
}

async function suffer(
  group: ChurnGroup,
  member: ChurnMember,
  fate: Fate,
  freezeMs: number,
): Promise<unknown> {
  switch (fate) {
    case 'join':
      return
    case 'leave':
    case 'kill':
      return await group[fate](member)
    case 'freeze':
      return await group.freeze(member, freezeMs)
    case 'restart':
      return await group.restart(member, 'leave')
    case 'killAndRestart':
      return await group.restart(member, 'kill')
    case 'replace':
      return await group.replaceFrozen(member, freezeMs)
  }
}
