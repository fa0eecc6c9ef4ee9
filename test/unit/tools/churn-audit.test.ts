// Guards the judge of the churn: each mistake that a group can make has to show in what its members have written down.
import { auditChurn } from '../../kafka/support/churn/churn-audit'
import type { LedgerKind } from '../../kafka/support/churn/churn-ledger'
import type { MemberRecord } from '../../kafka/support/churn/holding'

/** `a0@10 b0:3@12 …`: kind, partition, offset and time of each entry. */
function member(name: string, ledger: string, more: Partial<MemberRecord> = {}): MemberRecord {
  const entries = ledger.split(' ').map((text) => {
    const [, kind, partition, , offset, time] = /^(\w)(\d+)(:(\d+))?@(\d+)$/.exec(text) ?? []
    const numbers = { partition: Number(partition), offset: Number(offset ?? 0), time: Number(time) }
    return { kind: kind as LedgerKind, ...numbers }
  })
  return { name, slot: name, entries, freezes: [], killedAt: undefined, replacedAt: undefined, ...more }
}

/** `2@50`: offset and time of each commit of partition 0. */
const commitsOf = (text: string) =>
  text.split(' ').map((one) => {
    const [offset, time] = one.split('@').map(Number)
    return { partition: 0, offset: offset ?? 0, time: time ?? 0 }
  })

const judge = (members: readonly MemberRecord[], commits: string) =>
  auditChurn({ members, commits: commitsOf(commits), ends: [3], harmlessFreezeMs: 1000 }).audit

const whole = 'a0@10 b0:0@20 f0:0@20 b0:1@30 f0:1@30 b0:2@40 f0:2@40 r0@60 x0@70'
const half = 'a0@10 b0:0@20 f0:0@20 b0:1@30 f0:1@30'
const fromOne = 'a0@200 b0:1@210 f0:1@210 b0:2@220 f0:2@220 r0@300 x0@310'

it('finds nothing where everything was finished, then committed', () => {
  const audit = judge([member('one', whole)], '2@50 3@55')
  expect(audit).toMatchObject({ finished: 3, missing: 0, duplicates: 0, violations: [] })
})

it('lets come again what a member had finished and not committed when it was killed', () => {
  const audit = judge([member('one', half, { killedAt: 100 }), member('two', fromOne)], '1@90 3@299')
  expect(audit).toMatchObject({ finished: 3, missing: 0, duplicates: 1, violations: [] })
})

it('lets come again what a member had not committed that was frozen for long, and counts what it does when it wakes up', () => {
  const frozen = member('one', `${half} b0:2@405 f0:2@405 l0@410`, { freezes: [{ from: 95, to: 2000 }] })
  const woken = member('one', `${half} b0:2@2005 f0:2@2005 l0@2010`, { freezes: [{ from: 95, to: 2000 }] })
  expect(judge([frozen, member('two', fromOne)], '1@90 3@299').violations).toEqual([])
  const audit = judge([woken, member('two', fromOne)], '1@90 3@299')
  expect(audit).toMatchObject({
    duplicates: 2,
    byZombies: 1,
    zombieMs: 5,
    unprovokedLosses: 0,
    violations: [],
  })
})

it.each([
  [
    'a message that nobody finished',
    [member('one', `${half} r0@60 x0@70`)],
    '2@50',
    '1 messages lost, the first is 2',
  ],
  [
    'a commit before its message was finished',
    [member('one', whole)],
    '3@32',
    'before message 2 was finished',
  ],
  ['a commit that goes back', [member('one', whole)], '3@50 1@55', 'went back from 3 to 1'],
  [
    'a gap',
    [member('one', 'a0@10 b0:0@20 f0:0@20 b0:2@30 f0:2@30 r0@40 x0@50')],
    '1@90',
    'message 2 after 0',
  ],
  [
    'a message before the last one was finished',
    [member('one', 'a0@10 b0:0@20 b0:1@30 f0:1@30 b0:2@31 f0:2@31 r0@40 x0@50')],
    '3@90',
    'begun before the last one was finished',
  ],
  [
    'a message of a partition that is not held',
    [member('one', `${whole.slice(0, -6)} b0:3@65`)],
    '3@50',
    'does not hold it',
  ],
  [
    'a revocation that does not wait',
    [member('one', 'a0@10 b0:0@20 r0@30 x0@40'), member('two', whole)],
    '3@90',
    'revoked before its handler was done',
  ],
  [
    'what comes again after an orderly end',
    [member('one', `${half} r0@60 x0@70`), member('two', fromOne)],
    '1@50 3@299',
    'message 1 comes again',
  ],
  [
    'two that hold a partition at the same time',
    [member('one', `${half} r0@230 x0@240`), member('two', fromOne)],
    '1@50 3@299',
    'begun while the first still held it',
  ],
  [
    'a start that is not where the last commit was',
    [member('one', half, { killedAt: 100 }), member('two', fromOne)],
    '2@90 3@299',
    'two began at 1, but 2 was committed',
  ],
  [
    'a partition that is held after the end',
    [member('one', whole.replace('r0@60 ', ''))],
    '3@50',
    'held after it has closed',
  ],
])('finds %s', (_what, members, commits, violation) => {
  expect(judge(members, commits).violations.join('\n')).toContain(violation)
})
