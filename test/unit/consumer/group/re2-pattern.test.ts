// Guards subscriptions by pattern against meaning one thing to brokers, which compare whole names by RE2, and another to RegExp.test.
import { InvalidArgumentError } from '../../../../src/base/errors'
import { re2Of } from '../../../../src/consumer/group/re2-pattern'

const names = [
  'a',
  'b',
  'ab',
  'ba',
  'orders',
  'orders.eu',
  'eu.orders',
  'ORDERS',
  'my-orders-2',
  'a|b',
  'a$',
  '$',
  'a\\',
  'x.y',
  'xzy',
  'order',
  'events',
  'events.a',
  'not.events.a',
  '1',
  '12',
  '_internal',
]

/** What RE2/J's `matches` does, by the engine at hand: what both know they read alike. */
function brokerMatches(re2: string, name: string): boolean {
  const isCaseFree = re2.startsWith('(?i)')
  return new RegExp(`^(?:${isCaseFree ? re2.slice(4) : re2})$`, isCaseFree ? 'i' : '').test(name)
}

it.each<[RegExp]>([
  [/orders/],
  [/^orders/],
  [/orders$/],
  [/^orders$/],
  [/^orders|events$/],
  [/^a|b$/],
  [/^(a|b)$/],
  [/a|^b/],
  [/(^a)/],
  [/(?:a$)/],
  [/\$$/],
  [/\$/],
  [/a\\$/],
  [/[$]$/],
  [/[|]/],
  [/a\|b/],
  [/x\.y/],
  [/x.y/],
  [/^\d+$/],
  [/(?:)/],
  [/^/],
  [/$/],
  [/^$/],
  [/orders/i],
  [/^ORDERS$/i],
  [/^events\..*/u],
  [/a$b/],
  [/^^a/],
  [/[a-z]{6}$/s],
])('G12: %s means the same to brokers', (pattern) => {
  const re2 = re2Of(pattern)
  expect(names.filter((name) => brokerMatches(re2, name))).toEqual(names.filter((name) => pattern.test(name)))
})

it.each<[RegExp]>([[/a/g], [/a/y], [/a/gy], [new RegExp('a', 'v')]])(
  'refuses %s: its flags mean nothing for a name',
  (pattern) => {
    expect(() => re2Of(pattern)).toThrow(InvalidArgumentError)
    expect(() => re2Of(pattern)).toThrow(/flag '.*' has no meaning/)
  },
)

it('leaves what RE2 does not know to the broker, which says so', () => {
  expect(re2Of(/^(?!a)/)).toBe('(?!a).*')
})
