// Guards the types users see: topics give their types to both sides, and what can not be meant does not compile.
// Checked by tsc; a line that starts to compile though it must not is an error of its own.
import { z } from 'zod'
import { bytes, nullable, string } from '../../src/serde/basic-serdes'
import type { Headers, HeadersInput } from '../../src/serde/headers'
import { json } from '../../src/serde/json-serde'
import { float64, int32, int64 } from '../../src/serde/number-serdes'
import type { Serde, SerdeInput, SerdeOutput } from '../../src/serde/serde'
import { rawTopic, topic, type Topic } from '../../src/serde/topic'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <_Equal extends true>(): void => {}

/** The four types of a topic: key and value as they come out, key and value as they go in. */
type Types<T> = T extends Topic<infer K, infer V, infer KI, infer VI> ? [K, V, KI, VI] : never

const Order = z.object({ id: z.string(), at: z.iso.datetime().transform((text) => new Date(text)) })

const orders = topic('orders', { key: string(), value: json(Order) })
same<Equal<Types<typeof orders>, [string, { id: string; at: Date }, string, { id: string; at: string }]>>()

const tombstones = topic('tombstones', { key: bytes(), value: nullable(json<{ n: number }>()) })
same<
  Equal<
    Types<typeof tombstones>,
    [Buffer, { n: number } | null, Uint8Array, { n: number } | null | undefined]
  >
>()

type Raw = string | Uint8Array | null | undefined
const untyped = topic('untyped')
same<Equal<Types<typeof untyped>, [Buffer | null, Buffer | null, Raw, Raw]>>()
const byName = rawTopic('by-name')
same<Equal<Types<typeof byName>, [Buffer | null, Buffer | null, Raw, Raw]>>()

const halfTyped = topic('half', { value: int64() })
same<Equal<Types<typeof halfTyped>[0], Buffer | null>>()
same<Equal<Types<typeof halfTyped>[1], bigint>>()
halfTyped.value.serialize(5)
halfTyped.key.serialize('text')

const doubles = float64()
same<Equal<SerdeOutput<typeof doubles>, number>>()
same<Equal<SerdeInput<typeof doubles>, number>>()
int32().serialize(5)
same<Equal<SerdeInput<Serde<Date, string>>, string>>()

// @ts-expect-error the key is a string
orders.key.serialize(5)
// @ts-expect-error what goes in is the schema's input: text, not a Date
orders.value.serialize({ id: 'o-1', at: new Date() })
// @ts-expect-error a field is missing
orders.value.serialize({ id: 'o-1' })
// @ts-expect-error null is no order: that takes nullable()
orders.value.serialize(null)
// @ts-expect-error numbers need a serde of their own
untyped.value.serialize(5)
// @ts-expect-error a topic's definition does not change
orders.name = 'other'
// @ts-expect-error a serde is needed, not a schema
topic('wrong', { value: Order })

const headers: HeadersInput = { trace: 'abc', raw: new Uint8Array(1), none: null, many: ['a', null] }
// @ts-expect-error numbers are no header values
const wrongHeaders: HeadersInput = { count: 5 }
const received: Headers = { trace: Buffer.from('abc'), none: null, many: [Buffer.from('a'), null] }
// @ts-expect-error a name may have come several times
const single: Buffer | null = received['trace']

export const used = { headers, wrongHeaders, single, tombstones, byName, doubles }
