// Guards what a program can see of the package without a broker: each name, class, code, byte and line is KafkaJS's own.
import * as theirs from 'kafkajs'
import { randomIntegers } from '../../support/random-integers'
import * as ours from '../../../src/kafkajs'
import { protocolError } from '../../../src/kafkajs/errors/protocol-error-table'

/** A file of KafkaJS that has no declarations. */
const { createErrorFromCode } = jest.requireActual<{ createErrorFromCode: (code: number) => Error }>(
  'kafkajs/src/protocol/error',
)

const clients = { theirs, ours } as const
type Values = Readonly<Record<string, unknown>>
const valuesOf = (client: keyof typeof clients): Values => clients[client]

const enumerations = [
  'logLevel',
  'CompressionTypes',
  'ConfigResourceTypes',
  'ConfigSource',
  'AclResourceTypes',
  'AclOperationTypes',
  'AclPermissionTypes',
  'ResourcePatternTypes',
]

describe('1 exports', () => {
  test('1: the names are the same', () => {
    const names = Object.keys(theirs).filter((name) => name !== 'default')
    expect(names).toHaveLength(44)
    expect(Object.keys(ours).sort()).toEqual(names.sort())
  })

  test.each(enumerations)('1: %s has the same names and values', (name) => {
    expect({ ...(valuesOf('ours')[name] as object) }).toEqual({ ...(valuesOf('theirs')[name] as object) })
  })

  test('1, 9: plug points have the same keys, beside those of more assignors', () => {
    const keysOf = (value: unknown) => Object.keys(value as object).sort()
    for (const name of ['Partitioners', 'AssignerProtocol']) {
      expect(keysOf(valuesOf('ours')[name])).toEqual(keysOf(valuesOf('theirs')[name]))
    }
    expect(keysOf(ours.PartitionAssigners)).toEqual(expect.arrayContaining(keysOf(theirs.PartitionAssigners)))
  })

  test.each(['producer', 'consumer', 'admin'] as const)('7, 12.7: %s.events is the same', (kind) => {
    const eventsOf = ({ Kafka }: typeof ours | typeof theirs): object =>
      new Kafka({ brokers: ['localhost:1'], logLevel: 0 })[kind]({ groupId: 'g' }).events
    expect({ ...eventsOf(ours) }).toEqual({ ...eventsOf(theirs) })
  })

  test.each(['producer', 'consumer', 'admin'] as const)(
    '12.3, 12.4: the %s has the same own methods',
    (kind) => {
      const shapeOf = ({ Kafka }: typeof ours | typeof theirs) => {
        const client: object = new Kafka({ brokers: ['localhost:1'], logLevel: 0 })[kind]({ groupId: 'g' })
        const properties = Object.entries(Object.getOwnPropertyDescriptors(client))
        return Object.fromEntries(
          properties.map(([name, { value, writable, enumerable }]) => [
            name,
            [typeof value, writable, enumerable],
          ]),
        )
      }
      expect(shapeOf(ours)).toEqual(shapeOf(theirs))
    },
  )

  test('12.3: the methods of Kafka are writable, on the prototype', () => {
    const shapeOf = (Class: typeof ours.Kafka | typeof theirs.Kafka) =>
      Object.entries(Object.getOwnPropertyDescriptors(Class.prototype))
        .map(([name, { writable, configurable }]) => `${name} ${writable} ${configurable}`)
        .sort()
    expect(shapeOf(ours.Kafka)).toEqual(shapeOf(theirs.Kafka))
  })
})

const inner = Object.assign(new Error('inner'), { helpUrl: 'http://help' })
const described = { type: 'A_TYPE', code: 7, retriable: false, message: 'described' }

/** What error classes are made with. */
const constructions: [name: string, ...cases: unknown[][]][] = [
  ['KafkaJSError', ['m'], [inner], ['m', { retriable: false, cause: inner }]],
  ['KafkaJSNonRetriableError', ['m'], [inner, { cause: inner }]],
  ['KafkaJSPartialMessageError', ['m'], [inner]],
  ['KafkaJSBrokerNotFound', ['m'], ['m', { retriable: false }]],
  ['KafkaJSProtocolError', [described], [described, { retriable: true }]],
  ['KafkaJSConnectionError', ['m'], ['m', { broker: 'h:1', code: 'E' }]],
  ['KafkaJSConnectionClosedError', ['m'], ['m', { host: 'h', port: 1 }]],
  [
    'KafkaJSRequestTimeoutError',
    ['m'],
    ['m', { broker: 'h:1', correlationId: 1, createdAt: 2, sentAt: 3, pendingDuration: 4 }],
  ],
  ['KafkaJSSASLAuthenticationError', ['m'], ['m', { cause: inner }]],
  ['KafkaJSNumberOfRetriesExceeded', [inner, { retryCount: 1, retryTime: 2 }]],
  ['KafkaJSOffsetOutOfRange', [described, { topic: 't', partition: 1 }]],
  ['KafkaJSMemberIdRequired', [described, { memberId: 'm' }]],
  ['KafkaJSGroupCoordinatorNotFound', ['m']],
  ['KafkaJSNotImplemented', ['m']],
  ['KafkaJSMetadataNotLoaded', ['m']],
  ['KafkaJSTopicMetadataNotLoaded', ['m'], ['m', { topic: 't' }]],
  ['KafkaJSStaleTopicMetadataAssignment', ['m'], ['m', { topic: 't', unknownPartitions: [1] }]],
  ['KafkaJSDeleteGroupsError', ['m'], ['m', [{ groupId: 'g', errorCode: 1, error: inner }]]],
  ['KafkaJSTimeout', ['m']],
  ['KafkaJSLockTimeout', ['m']],
  ['KafkaJSServerDoesNotSupportApiKey', ['m'], ['m', { apiKey: 1, apiName: 'Fetch' }]],
  ['KafkaJSUnsupportedMagicByteInMessageSet', ['m']],
  [
    'KafkaJSDeleteTopicRecordsError',
    [{ topic: 't', partitions: [] }],
    [{ topic: 't', partitions: [{ partition: 0, offset: '1', error: { retriable: true } }] }],
    [{ topic: 't', partitions: [{ partition: 0, offset: '1', error: { retriable: false } }] }],
  ],
  ['KafkaJSInvariantViolation', ['m'], [inner]],
  ['KafkaJSInvalidVarIntError', ['m']],
  ['KafkaJSInvalidLongError', ['m']],
  ['KafkaJSCreateTopicError', [described, 't']],
  ['KafkaJSAggregateError', ['m', [inner]]],
  ['KafkaJSFetcherRebalanceError', [], ['m']],
  ['KafkaJSNoBrokerAvailableError', []],
  ['KafkaJSAlterPartitionReassignmentsError', [described], [described, 't', 1]],
]

/** Everything that a program can read of an error, but where it was made, and links to pages of KafkaJS's project. */
function readable(error: Error) {
  const lineage: string[] = []
  for (
    let at: unknown = Object.getPrototypeOf(error);
    at !== Object.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    lineage.push((at as object).constructor.name)
  }
  const isKafkaJsPage = (value: unknown) => /kafka\.js\.org|tulios\/kafkajs/.test(String(value))
  const properties = Object.entries(Object.getOwnPropertyDescriptors(error))
    .filter(([name, { value }]) => name !== 'stack' && value !== undefined && !isKafkaJsPage(value))
    .map(([name, { value, enumerable }]) => [name, value, enumerable])
  return { lineage, properties: Object.fromEntries(properties.map(([name, ...rest]) => [name, rest])) }
}

describe('8 errors', () => {
  test('8: every class is compared', () => {
    const names = Object.keys(theirs).filter((name) => name.startsWith('KafkaJS'))
    expect(constructions.map(([name]) => name).sort()).toEqual(names.sort())
  })

  test.each(constructions)('8: %s has the same lineage, fields and texts', (name, ...cases) => {
    for (const args of cases) {
      const make = (client: keyof typeof clients) => {
        const Class = valuesOf(client)[name] as new (...given: unknown[]) => Error
        return readable(new Class(...args))
      }
      expect(make('ours')).toEqual(make('theirs'))
    }
  })

  test('8: a stack names the failure that was tried again', () => {
    const stackOf = ({ KafkaJSNumberOfRetriesExceeded: Class }: typeof ours | typeof theirs) =>
      new Class(inner, { retryCount: 1, retryTime: 2 }).stack
    expect(stackOf(ours)).toBe(stackOf(theirs))
  })

  test('8: the codes of brokers are the same, those that KafkaJS does not know too', () => {
    for (let code = -1; code <= 140; code++) {
      if (code !== 0) expect(readable(protocolError(code))).toEqual(readable(createErrorFromCode(code)))
    }
  })
})

describe('9 plug points', () => {
  const partitionMetadata = Array.from({ length: 7 }, (_, partitionId) => ({
    partitionErrorCode: 0,
    partitionId,
    leader: partitionId === 3 ? -1 : 0,
    replicas: [0],
    isr: [0],
  }))

  test.each(['DefaultPartitioner', 'LegacyPartitioner', 'JavaCompatiblePartitioner'] as const)(
    '9.1: %s puts the same keys into the same partitions',
    (name) => {
      const [our, their] = [ours.Partitioners[name](), theirs.Partitioners[name]()]
      const bytes = randomIntegers(1)
      for (let i = 0; i < 2000; i++) {
        const key = Buffer.from(Array.from({ length: i % 40 }, () => bytes(256)))
        const message = { key: i % 2 === 0 ? key : key.toString('latin1'), value: 'v' }
        const args = { topic: 't', partitionMetadata, message }
        expect([i, our(args)]).toEqual([i, their(args)])
      }
    },
  )

  test('9.2: AssignerProtocol writes the same bytes, and reads the other’s', () => {
    const { MemberMetadata, MemberAssignment } = ours.AssignerProtocol
    const metadata = { version: 1, topics: ['a', 'ü'], userData: Buffer.from('data') }
    const assignment = { version: 1, assignment: { a: [0, 2], ü: [] }, userData: Buffer.from('data') }
    const their = theirs.AssignerProtocol
    expect(MemberMetadata.encode(metadata)).toEqual(their.MemberMetadata.encode(metadata))
    expect(MemberMetadata.decode(their.MemberMetadata.encode(metadata))).toEqual(metadata)
    expect(MemberAssignment.encode(assignment)).toEqual(their.MemberAssignment.encode(assignment))
    expect(MemberAssignment.decode(their.MemberAssignment.encode(assignment))).toEqual(assignment)
  })

  test('9.2: the round robin assigner divides in the same way, and calls itself the same', async () => {
    const cluster = {
      findTopicPartitionMetadata: (topic: string) => partitionMetadata.slice(0, topic === 'a' ? 3 : 4),
    } as ours.Cluster & theirs.Cluster
    const outcomeOf = async ({ PartitionAssigners, Kafka }: typeof ours | typeof theirs) => {
      const logger = new Kafka({ brokers: ['localhost:1'], logLevel: 0 }).logger()
      const assigner = PartitionAssigners.roundRobin({ cluster, groupId: 'g', logger })
      const members = ['m2', 'm1'].map((memberId) => ({ memberId, memberMetadata: Buffer.alloc(0) }))
      const assigned = await assigner.assign({ members, topics: ['a', 'b'] })
      return [assigner.name, assigner.version, assigner.protocol({ topics: ['a'] }), assigned]
    }
    expect(await outcomeOf(ours)).toEqual(await outcomeOf(theirs))
  })
})

describe('9.4 logging', () => {
  test.each(['error', 'warn', 'info', 'debug'] as const)('9.4: logger.%s writes the same line', (level) => {
    const written: [string, Record<string, unknown>][] = []
    for (const method of ['error', 'warn', 'info', 'log'] as const) {
      jest.spyOn(console, method).mockImplementation((...args: unknown[]) => {
        written.push([method, JSON.parse(String(args[0])) as Record<string, unknown>])
      })
    }
    for (const { Kafka, logLevel } of [ours, theirs]) {
      const logger = new Kafka({ brokers: ['localhost:1'], logLevel: logLevel.DEBUG }).logger()
      logger[level]('text', { extra: [1] })
      logger.namespace('A').namespace('B')[level]('text')
    }
    jest.restoreAllMocks()
    const lines = written.map(([method, { timestamp, ...line }]) => [method, typeof timestamp, line])
    expect(lines).toHaveLength(4)
    expect(lines.slice(0, 2)).toEqual(lines.slice(2))
  })

  test('2, 9.4: the environment’s level counts before the config’s, and clients speak under the same names', () => {
    process.env['KAFKAJS_LOG_LEVEL'] = 'warn'
    process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1'
    const said = [ours, theirs].map(({ Kafka, logLevel }) => {
      const entries: unknown[] = []
      const kafka = new Kafka({
        brokers: ['localhost:1'],
        logLevel: logLevel.DEBUG as ours.logLevel & theirs.logLevel,
        logCreator: (level) => (entry: ours.LogEntry) =>
          void entries.push([
            level,
            entry.namespace,
            entry.level,
            entry.label,
            entry.log.message,
            entry.log.extra,
          ]),
      })
      for (const { logger } of [kafka, kafka.producer(), kafka.consumer({ groupId: 'g' }), kafka.admin()]) {
        const one = logger.call(kafka)
        one.info('not heard')
        one.warn('heard', { extra: 1 })
      }
      kafka.logger().setLogLevel(logLevel.ERROR as ours.logLevel & theirs.logLevel)
      kafka.logger().warn('not heard any more')
      return entries
    })
    delete process.env['KAFKAJS_LOG_LEVEL']
    expect(said[0]).toHaveLength(4)
    expect(said[0]).toEqual(said[1])
  })
})
