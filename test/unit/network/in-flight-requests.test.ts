// Guards the order of answers: a response that goes to the wrong caller hands one request's result to another.
import { InFlightRequests } from '../../../src/network/in-flight-requests'

const request = (correlationId: number, deadline = 1000) => ({ correlationId, deadline })

test('gives the oldest request when the id is its own', () => {
  const requests = new InFlightRequests()
  for (const id of [1, 2, 3]) requests.add(request(id))
  expect(requests.take(1)?.correlationId).toBe(1)
  expect(requests.take(2)?.correlationId).toBe(2)
  expect(requests.size).toBe(1)
})

test('gives nothing for an id out of order, one answered before, or when none is expected', () => {
  const requests = new InFlightRequests()
  requests.add(request(1))
  requests.add(request(2))
  expect(requests.take(2)).toBeUndefined()
  requests.take(1)
  expect(requests.take(1)).toBeUndefined()
  requests.take(2)
  expect(requests.take(2)).toBeUndefined()
})

test('finds what has expired, wherever it stands', () => {
  const requests = new InFlightRequests()
  requests.add(request(1, 500))
  requests.add(request(2, 100))
  expect(requests.firstExpired(99)).toBeUndefined()
  expect(requests.firstExpired(100)?.correlationId).toBe(2)
})

test('keeps its order over thousands of requests', () => {
  const requests = new InFlightRequests()
  let next = 0
  for (let id = 0; id < 5000; id++) {
    requests.add(request(id))
    if (id % 3 !== 0) expect(requests.take(next++)?.correlationId).toBe(next - 1)
  }
  expect(requests.size).toBe(5000 - next)
})

test('a request added while the drained ones are failed is not among them', () => {
  const requests = new InFlightRequests()
  requests.add(request(1))
  for (const { correlationId } of requests.drain()) requests.add(request(correlationId + 10))
  expect(requests.take(11)?.correlationId).toBe(11)
})
