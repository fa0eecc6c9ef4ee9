// Guards the types users see: a mistake here does not compile.
import { Consumer } from '../../../src/consumer/consumer'
import type { MessageOf } from '../../../src/message/topic-input'
import type { Message } from '../../../src/message/message'
import { nullable, string } from '../../../src/serde/basic-serdes'
import { json } from '../../../src/serde/json-serde'
import { topic } from '../../../src/serde/topic'
import { groupConsumer } from '../consumer/support/consumer-bench'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

function assertType<T extends true>(value: T = true as T): void {
  expect(value).toBe(true)
}

interface Order {
  id: number
}

const orders = topic('orders', { key: string(), value: json<Order>() })
const names = topic('names', { value: nullable(string()) })

describe('the types of messages', () => {
  it('follow from the topics: definitions give theirs, names give bytes, several give their union', () => {
    assertType<Equal<MessageOf<readonly [typeof orders]>, Message<string, Order>>>()
    assertType<Equal<MessageOf<readonly ['clicks']>, Message<Buffer | null, Buffer | null>>>()
    assertType<
      Equal<
        MessageOf<readonly [typeof orders, typeof names]>,
        Message<string, Order> | Message<Buffer | null, string | null>
      >
    >()
  })

  it('are bytes where partitions are given by hand without definitions', () => {
    assertType<Equal<MessageOf<readonly []>, Message<Buffer | null, Buffer | null>>>()
  })

  it('are narrowed by isFrom', () => {
    const read = (message: MessageOf<readonly [typeof orders, typeof names]>): number | string | null =>
      message.isFrom(orders) ? message.value.id : message.isFrom(names) ? message.value : null
    expect(typeof read).toBe('function')
  })

  it('reach handlers and loops', async () => {
    const { cluster, group } = groupConsumer()
    const typed = new Consumer(cluster, { groupId: 'g', topics: [orders] as const }, group.factory)
    const unused = async () => {
      await typed.run((message) => message.value.id.toFixed())
      await typed.runBatches((batch) => batch.messages.map(({ key }) => key.toUpperCase()))
      for await (const { value } of typed) void value.id
      // @ts-expect-error: an order has no such field
      await typed.run((message) => message.value.amount)
    }
    expect(typeof unused).toBe('function')
    await typed.close()
  })
})
