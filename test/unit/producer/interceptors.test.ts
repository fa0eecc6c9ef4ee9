// Guards the hooks around send: they may change messages and watch them, and can never cost one.
import type { KafkaError } from '../../../src/base/errors'
import type { InterceptedMessage, ProducerInterceptor } from '../../../src/producer/interceptors'
import type { Receipt } from '../../../src/producer/outgoing-message'
import { settle } from '../support/fake-clock'
import { rejectionOf } from '../../support/rejection'
import { closeAll, setUp } from './support/producer-setup'

afterEach(async () => {
  jest.restoreAllMocks()
  await closeAll()
})

function recording(name = 'hook') {
  const seen: string[] = []
  const interceptor: ProducerInterceptor = {
    onSend: ({ topic, value }) => void seen.push(`${name} sends ${topic}/${String(value)}`),
    onAcknowledgement: ({ offset }, { value }) => void seen.push(`${name} got ${String(value)} at ${offset}`),
    onError: ({ code }, { value }) => void seen.push(`${name} lost ${String(value)}: ${code}`),
  }
  return { seen, interceptor }
}

describe('interceptors', () => {
  test('change messages in their order, before they are serialized, and leave the caller’s as they are', async () => {
    const add = (text: string): ProducerInterceptor => ({
      onSend: (message) => ({ ...message, value: `${String(message.value)}${text}`, headers: { by: text } }),
    })
    const { cluster, producer } = setUp({ interceptors: [add('1'), { onError() {} }, add('2')] })
    const message = { key: 'k', value: 'v', partition: 0, timestamp: 5 }
    const sent = producer.send('t', message)
    await settle()
    expect(cluster.next.only.records).toEqual([
      { key: 'k', value: 'v12', timestamp: 5, headers: [{ key: 'by', value: '2' }] },
    ])
    cluster.next.answer()
    await sent
    expect(message).toEqual({ key: 'k', value: 'v', partition: 0, timestamp: 5 })
  })

  test('learn of each message’s outcome before the caller does, in a call with both kinds', async () => {
    const { seen, interceptor } = recording()
    const { cluster, producer } = setUp({ interceptors: [interceptor] }, [1, 1])
    const sent = rejectionOf(
      producer.send('t', [
        { value: 'good', partition: 0 },
        { value: 'bad', partition: 1 },
      ]),
    ).then(() => seen.push('caller'))
    await settle()
    cluster.next.answer(({ partition }) => (partition === 0 ? { baseOffset: 7n } : { errorCode: 29 }))
    await sent
    expect(seen).toEqual([
      'hook sends t/good',
      'hook sends t/bad',
      'hook got good at 7',
      'hook lost bad: TOPIC_AUTHORIZATION_FAILED',
      'caller',
    ])
  })

  test('learn of messages that are refused at the door', async () => {
    const { seen, interceptor } = recording()
    const { producer } = setUp({ interceptors: [interceptor] })
    await rejectionOf(producer.send('t', [{ value: 'fine' }, 7] as never))
    expect(seen).toEqual([
      'hook sends t/fine',
      'hook lost fine: INVALID_ARGUMENT',
      'hook lost 7: INVALID_ARGUMENT',
    ])
  })

  test('that throw, or answer no message, are logged and passed over', async () => {
    const logged: string[] = []
    const fail = (): never => {
      throw new Error('broken')
    }
    const bad: ProducerInterceptor[] = [
      { onSend: fail, onAcknowledgement: fail, onError: fail },
      { onSend: (async () => ({ value: 'late' })) as never },
      { onSend: (() => 'text') as never },
    ]
    const { seen, interceptor } = recording()
    const { cluster, producer } = setUp({ interceptors: [...bad, interceptor] })
    jest
      .spyOn(cluster.logger, 'error')
      .mockImplementation((message, details) => void logged.push(`${message}: ${String(details?.['error'])}`))
    const good = producer.send('t', { value: 'v' })
    await settle()
    cluster.next.answer({ baseOffset: 1n })
    expect((await good).offset).toBe(1n)
    const lost = rejectionOf(producer.send('t', { value: 'w' }))
    await settle()
    cluster.next.answer({ errorCode: 29 })
    expect((await lost).code).toBe('TOPIC_AUTHORIZATION_FAILED')
    expect(seen).toEqual([
      'hook sends t/v',
      'hook got v at 1',
      'hook sends t/w',
      'hook lost w: TOPIC_AUTHORIZATION_FAILED',
    ])
    expect(logged).toHaveLength(3 + 3 + 2)
    expect(logged[0]).toMatch(/onSend.*broken/)
  })

  test('can’t send a message to another topic', async () => {
    const seen: InterceptedMessage[] = []
    const { cluster, producer } = setUp({
      interceptors: [
        { onSend: (message) => ({ ...message, topic: 'u' }) },
        { onAcknowledgement: (_: Receipt, message) => void seen.push(message) },
      ],
    })
    const sent = producer.send('t', { value: 'v' })
    await settle()
    cluster.next.answer()
    expect((await sent).topic).toBe('t')
    expect(seen.map(({ topic }) => topic)).toEqual(['t'])
  })

  test('see one call with several messages as it is: an error without outcomes of its own is everyone’s', async () => {
    const errors: KafkaError[] = []
    const { producer } = setUp({ interceptors: [{ onError: (error) => void errors.push(error) }] }, [])
    const sent = rejectionOf(producer.send('t', [{ value: 'a' }, { value: 'b' }]))
    await producer.close({ timeoutMs: 0 })
    await sent
    expect(errors.map(({ code }) => code)).toEqual(['CLOSED', 'CLOSED'])
  })
})
