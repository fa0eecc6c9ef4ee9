// Guards that many batches together, of one client or several, do not hold up the event loop for as long as the sum of them
// takes, and that what is cut into pieces comes out whole and in order.
import {
  inOnePiece,
  runAtOnce,
  type SlicedWork,
  TurnBudget,
} from '../../../../../src/wire/records/compression/turn-budget'

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Work of so many pieces of one unit each, which notes each of them. */
function* pieces(name: string, count: number, done: string[]): SlicedWork<string> {
  for (let i = 1; i <= count; i++) {
    done.push(`${name}${i}`)
    yield 1
  }
  return name
}

test('work that fits into the turn is done at once, without a promise', () => {
  const done: string[] = []
  expect(new TurnBudget(3).run(pieces('a', 2, done))).toBe('a')
  expect(done).toEqual(['a1', 'a2'])
})

test('all work of one turn shares its budget; what is over waits for the next turn, in its order', async () => {
  const budget = new TurnBudget(3)
  const done: string[] = []
  const ended: string[] = []
  expect(budget.run(pieces('a', 2, done))).toBe('a')
  const waiting = ['b', 'c', 'd'].map(async (name) => {
    ended.push(await budget.run(pieces(name, 2, done)))
  })
  expect(done).toEqual(['a1', 'a2', 'b1'])
  await nextTurn()
  expect(done).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'c2'])
  await nextTurn()
  expect(done).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'c2', 'd1', 'd2'])
  await Promise.all(waiting)
  expect(ended.toSorted()).toEqual(['b', 'c', 'd'])
})

test('what takes many turns lets the others go first', async () => {
  const budget = new TurnBudget(2)
  const done: string[] = []
  const large = budget.run(pieces('large', 50, done))
  const small = budget.run(pieces('s', 1, done))
  expect(await small).toBe('s')
  expect(done.length).toBeLessThan(8)
  expect(await large).toBe('large')
  expect(done).toHaveLength(51)
})

test('a failure reaches the one whose work it is, at once or later, and the others go on', async () => {
  const budget = new TurnBudget(1)
  function* failing(): SlicedWork<string> {
    yield 1
    throw new RangeError('broken')
  }
  const first = budget.run(failing())
  const second = budget.run(failing())
  const third = budget.run(pieces('c', 3, []))
  await expect(first).rejects.toThrow('broken')
  await expect(second).rejects.toThrow('broken')
  expect(await third).toBe('c')
  expect(() => new TurnBudget(2).run(failing())).toThrow('broken')
})

test('a turn that did no work leaves nothing behind: the next one has all of its time again', async () => {
  const budget = new TurnBudget(2)
  expect(budget.run(pieces('a', 1, []))).toBe('a')
  await nextTurn()
  await nextTurn()
  expect(budget.run(pieces('b', 1, []))).toBe('b')
})

test('work in one piece says what it cost when it is known', async () => {
  const budget = new TurnBudget(10)
  const once = () =>
    inOnePiece(
      () => 'result',
      (result) => result.length,
    )
  expect(runAtOnce(once())).toBe('result')
  expect(budget.run(once())).toBe('result')
  // The second reaches the limit, so that it ends in the next turn.
  expect(await budget.run(once())).toBe('result')
})
