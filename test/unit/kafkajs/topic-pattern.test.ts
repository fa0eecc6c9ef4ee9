// Guards patterns of topics that a program mixes: each goes on meaning what it meant.
import { stateless, withSameFlags } from '../../../src/kafkajs/consumer/topic-pattern'

test('4: flags that make an answer depend on the last one are left out', () => {
  expect([/a/gi, /a/y, /a/dms].map((pattern) => stateless(pattern).flags)).toEqual(['i', '', ''])
})

test('4: patterns with the same flags stay as they are', () => {
  const patterns = [/a/i, /b/i]
  expect(withSameFlags(patterns)).toEqual(patterns)
})

test.each([
  [/^Topic-(?<Name>x|Y)$/i, ['topic-X', 'TOPIC-y'], ['topic-z']],
  [/^[a-c_\d]+\.\w$/i, ['ABc_1.W', 'a.b'], ['D.w', 'a,b']],
  [/^[^x\]]$/i, ['a', 'Y'], ['x', 'X', ']']],
])('4: %s beside one that minds case', (pattern, matching, others) => {
  const [alike, other] = withSameFlags([pattern, /^b$/]) as [RegExp, RegExp]
  expect([alike.flags, other.source]).toEqual(['', '^b$'])
  for (const name of matching) expect([name, alike.test(name)]).toEqual([name, true])
  for (const name of others) expect([name, alike.test(name)]).toEqual([name, false])
})

test('4: a range between the cases is left to be refused', () => {
  expect(withSameFlags([/[A-z]/i, /b/])[0]?.flags).toBe('i')
})
