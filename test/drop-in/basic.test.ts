// Guards the ground of all comparisons: the shortest program does the same with both, as CommonJS and as an ES module.
import { compareProgram } from './support/compare-program'
import { describeBrokers } from './support/describe-brokers'

describeBrokers('a topic, a message, and what comes back', (brokers) => {
  describe.each(['cjs', 'esm'] as const)('%s', (format) => {
    compareProgram(() => ({ program: 'basic', brokers: brokers.bootstrap, format }), {
      'a topic is made': true,
      'messages come back as they were sent': {
        sent: {
          topicName: 'greetings',
          partition: 1,
          errorCode: 0,
          baseOffset: '0',
          logAppendTime: '-1',
          logStartOffset: 'not compared',
        },
        seen: [{ topic: 'greetings', partition: 1, offset: '0', key: 'a', value: 'hello', from: 'me' }],
      },
    })
  })
})
