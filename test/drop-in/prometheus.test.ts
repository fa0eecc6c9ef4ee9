// Guards monitoring by `@christiangalsterer/kafkajs-prometheus-exporter`: it knows events by their names, and counts what
// their payloads say.
import { compareProgram } from './support/compare-program'
import { describeBrokers } from './support/describe-brokers'

const histogram = (metric: string, labels: string) => [`${metric}_count ${labels}`, `${metric}_sum ${labels}`]
const connections = (client: string) => [
  `kafka_${client}_connection_count app`,
  `kafka_${client}_connection_creation_total app`,
]
const requests = (client: string) => [
  ...histogram(`kafka_${client}_request_duration_seconds`, 'broker app'),
  `kafka_${client}_request_size_total broker app`,
  `kafka_${client}_request_total broker app`,
]
const clients = ['admin', 'producer', 'consumer']

describeBrokers('kafkajs-prometheus-exporter', (brokers) => {
  compareProgram(() => ({ program: 'prometheus', brokers: brokers.bootstrap }), {
    'the metrics and their labels': [
      ...clients.flatMap((client) => [...connections(client), ...requests(client)]),
      ...histogram('kafka_consumer_batch_duration_seconds', 'topic partition app'),
      ...histogram('kafka_consumer_batch_latency', 'topic partition app'),
      ...histogram('kafka_consumer_fetch_duration_seconds', 'app'),
      ...histogram('kafka_consumer_fetch_latency', 'app'),
      'kafka_consumer_batch_size_total topic partition app',
      'kafka_consumer_fetch_total app',
      'kafka_consumer_heartbeat_total group_id member_id app',
    ].sort(),
    'the metrics that stayed zero': [],
    'the requests of ten sends': true,
    'the requests by brokers': [true, true, true],
    'the heartbeats by member': [{ group_id: 'readers', member_id: 'the member', app: 'shop' }],
    'the messages by partition': [{ labels: { topic: 'orders', partition: '0', app: 'shop' }, value: 10 }],
    'the durations in seconds, within those of the program': [true, true, true],
    // A consumer tells of its connection twice: when it connects, and when it runs.
    'the connections in the end': [
      { open: 0, created: 1, closed: 1 },
      { open: 0, created: 1, closed: 1 },
      { open: 1, created: 2, closed: 1 },
    ],
  })
})
