// Guards `kafkajs-async-retry` on the drop-in: its errors extend ours, it copies payloads and batches, and it pauses a
// partition in the middle of a failure.
import { describeEachKafka } from '../kafka/support/describe-kafka'
import { compareProgram, differs } from './support/compare-program'
import { describeBrokers } from './support/describe-brokers'

const graves = ['broken broken 1 2', 'hopeless hopeless 1 0']
const dead = 'Sending message to dead letter topic: there is no hope'
const outcomes = {
  'what was handled': [
    'broken of incoming, again, after 1',
    'broken of incoming, again, after 2',
    'shaky of incoming, again, after 1',
    ...['broken', 'fine', 'hopeless', 'shaky'].map((value) => `${value} of incoming, first, after 0`),
  ].sort(),
  'what was handled too early': [],
  'what the package told': [
    'dead-letter broken to orders-dlq after 2: broken failed',
    `dead-letter hopeless to orders-dlq after 0: ${dead}`,
    'retry broken to orders-retry-1 after 0: broken failed',
    'retry broken to orders-retry-2 after 1: broken failed',
    'retry shaky to orders-retry-1 after 0: shaky failed',
  ],
  'the dead letters': graves,
  'the crashes': [],
}

const because = 'an error that is not to be tried again ends the consumer, although its partition was paused'
const lacking = (outcome: unknown[]) =>
  differs(outcome, { on: expect.not.arrayContaining(outcome) as unknown, because })
const outcomesOfPauses = {
  ...outcomes,
  'what was handled': lacking(outcomes['what was handled']),
  'what the package told': lacking(outcomes['what the package told']),
  'the dead letters': lacking(graves),
  'the crashes': differs([], { on: [{ name: 'KafkaJSNonRetriableError', restart: false }], because }),
}

const handlers = ['eachMessage', 'eachBatch']

describeBrokers('kafkajs-async-retry that waits in the handler', (brokers) => {
  describe.each(handlers)('%s', (handler) => {
    const more = { handler, maxWaitMs: '3000', delaySeconds: '0.3' }
    compareProgram(() => ({ program: 'async-retry', brokers: brokers.bootstrap, more }), outcomes)
  })
})

// Its pauses take their time; one kind of broker is enough.
describeEachKafka(
  'kafkajs-async-retry that pauses the partition and throws',
  (kafka) => {
    describe.each(handlers)('%s', (handler) => {
      const more = { handler, maxWaitMs: '100', delaySeconds: '1' }
      compareProgram(() => ({ program: 'async-retry', brokers: kafka.bootstrap, more }), outcomesOfPauses)
    })
  },
  { versions: ['4.3.1'] },
)
