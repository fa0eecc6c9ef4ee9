// Guards the types of send: what must compile and what must not. The checks are made by the type checker.
import type { Receipt } from '../../../src/producer/outgoing-message'
import type { Producer } from '../../../src/producer/producer'
import { json, nullable, string, topic } from './support/serdes'

const orders = topic('orders', { key: string(), value: json<{ price: number }>() })
const clicks = topic('clicks', { key: nullable(string()), value: string() })

/** Never called: its body is there to be type-checked. */
export async function typesOfSend(producer: Producer): Promise<void> {
  const one: Receipt = await producer.send(orders, { key: 'o-1', value: { price: 3 } })
  const many: Receipt[] = await producer.send(orders, [{ key: 'o-1', value: { price: one.timestamp } }])
  await producer.send(clicks, { value: 'a' })
  await producer.send(clicks, { key: null, value: 'a', headers: { n: [many.length.toString(), null] } })
  await producer.send('raw', [{ value: 'a' }, { key: 'k', value: Buffer.from('b') }, { value: null }])
  // @ts-expect-error the key is required
  await producer.send(orders, { value: { price: 3 } })
  // @ts-expect-error the key is text
  await producer.send(orders, { key: 7, value: { price: 3 } })
  // @ts-expect-error the price is a number
  await producer.send(orders, { key: 'o-1', value: { price: '3' } })
  // @ts-expect-error a value is required
  await producer.send(clicks, { key: 'a' })
  // @ts-expect-error a raw topic takes text and bytes
  await producer.send('raw', { value: 7 })
}

test('the types of send are checked by the type checker', () => {
  expect(typeof typesOfSend).toBe('function')
})
