// What only some programs need of Node is loaded by those: a producer without TLS, SASL and compression loads none of it.
import assert from 'node:assert/strict'
import { Kafka } from 'typed-kafka'

const rarelyNeeded = ['crypto', 'dns/promises', 'stream/web', 'tls', 'worker_threads', 'zlib']
const loaded = () => rarelyNeeded.filter((name) => process.moduleLoadList.includes(`NativeModule ${name}`))

const kafka = new Kafka({ brokers: ['localhost:1'] })
await kafka.producer().close()
assert.deepEqual(loaded(), [])
