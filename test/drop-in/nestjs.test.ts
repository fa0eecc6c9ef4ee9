// Guards users of NestJS, the largest group behind KafkaJS: its transport for Kafka, server and client, as it comes from npm.
import { compareProgram } from './support/compare-program'
import { describeBrokers } from './support/describe-brokers'

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)
const replyPartitions = (partition: number): { topic: string; partition: number }[] =>
  ['fail', 'many', 'sum'].map((topic) => ({ topic: `${topic}.reply`, partition }))

describeBrokers('NestJS: a service of two replicas, and two clients', (brokers) => {
  compareProgram(() => ({ program: 'nestjs', format: 'esm', brokers: brokers.bootstrap }), {
    'requests are answered in order of asking, by both replicas': { totals: upTo(20), replicas: ['a', 'b'] },
    'a second client of the group gets its own answers': [upTo(10), upTo(10)],
    'each client has one partition of each reply topic': [replyPartitions(0), replyPartitions(1)],
    'a refusal comes back as the error of the request': {
      refused: { status: 'error', message: 'refused by the service' },
    },
    'an answer of many values comes back as a stream': [{ index: 0 }, { index: 1 }, { index: 2 }],
    'an event is taken once, with its key, headers, topic and partition': [
      {
        data: { id: 1 },
        topic: 'created',
        partition: expect.any(Number) as number,
        key: 'k',
        offset: '0',
        from: 'client',
      },
    ],
    'events of a batch are all taken': [0, 1, 2, 3, 4, 5],
    'topics by a regular expression are subscribed to': [
      { topic: 'audit.login', data: { index: 0 } },
      { topic: 'audit.logout', data: { index: 1 } },
    ],
    'an event that failed with a retriable exception comes again': ['e1', 'e1'],
    'a handler may send heartbeats, and commit by hand': { committed: [{ id: 'm1' }], offsets: ['1'] },
    'when a replica ends, the other one answers everything': { totals: upTo(12), replicas: ['a'] },
    'clients and replicas close': undefined,
  })
})
