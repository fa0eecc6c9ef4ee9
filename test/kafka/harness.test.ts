// Guards against a harness that passes without a broker, that mixes versions, or that leaves brokers behind.
import { connect } from 'node:net'
import { askClusterView } from './support/readiness'
import { describeEachKafka } from './support/describe-kafka'

const portOf = (address = ''): number => Number(address.split(':')[1])

describeEachKafka('the shared Kafka', (kafka) => {
  it('answers on its PLAINTEXT listener', async () => {
    const view = await askClusterView(portOf(kafka.bootstrap[0]))
    expect(view?.brokerIds).toEqual([1])
  })

  it('gives names that are used once', () => {
    expect(kafka.uniqueName('topic')).not.toBe(kafka.uniqueName('topic'))
  })

  it('listens on every listener', async () => {
    for (const address of [kafka.tls, kafka.sasl, kafka.saslTls].flatMap((each) => each.bootstrap)) {
      await new Promise<void>((resolve, reject) => {
        const socket = connect(portOf(address), 'localhost', () => resolve(void socket.destroy()))
        socket.once('error', reject)
      })
    }
  })
})
