// Guards `@kafkajs/confluent-schema-registry` on the drop-in: values are the very bytes that the package writes and reads.
import { compareProgram, failure } from './support/compare-program'
import { describeBrokers } from './support/describe-brokers'

const order = { id: 7, customer: 'Änne', tags: ['a', 'b'] }
const subjects = ['AVRO-value', 'JSON-value', 'PROTOBUF-value']

describeBrokers('messages with schemas', (brokers) => {
  compareProgram(() => ({ program: 'schema-registry', brokers: brokers.bootstrap }), {
    'messages of each format come back, and nothing stays nothing': [
      { key: 'AVRO', head: '0000000001', decoded: { ...order, note: null } },
      { key: 'JSON', head: '0000000002', decoded: { ...order, note: null } },
      { key: 'PROTOBUF', head: '0000000003', decoded: order },
      { key: 'tombstone', head: null, decoded: null },
    ],
    'each schema is asked for once': [
      ...subjects.flatMap((subject) => [
        `GET /config/${subject} 404`,
        `POST /subjects/${subject}/versions 200`,
        `PUT /config/${subject} 200`,
      ]),
      ...[1, 2, 3].map((id) => `GET /schemas/ids/${id} 200`),
    ],
    'what does not fit its schema is not sent': failure(/invalid/i),
  })
})
