import { errorCodeName } from '../../../src/base/error-codes'
import type { ClientApi } from '../../../src/wire/api'
import { describeEachKafka } from '../../kafka/support/describe-kafka'
import { describeInProcess } from './describe-in-process'
import { differences, type Difference, type DifferenceId } from '../differences'
import { RawClient } from './raw-client'

/** The release a broker is, or looks like. */
export type Release = '3.7' | '4.3'

/** The broker a contract suite runs against. */
export interface BrokerUnderTest {
  readonly kind: 'in-process' | 'kafka'
  /** Known while the suite is declared, unlike the addresses. */
  readonly version: Release
  /** Bootstrap addresses. */
  readonly brokers: string[]
  /** A name for a topic, group or transactional id that nobody else uses. */
  uniqueName(prefix: string): string
  /** Asks over the suite's own connection. */
  raw<Request, Response>(
    api: ClientApi<Request, Response>,
    version: number,
    request: Request,
  ): Promise<Response>
  /** A connection more, for requests that wait; it is closed after the test. */
  connect(): Promise<RawClient>
  /** Chooses by release. */
  pick<T>(values: Readonly<Record<Release, T>>): T
  /** What is expected here: what Kafka does, or what the table of differences says of the in-process broker. */
  expected<T>(difference: DifferenceId, onKafka: T): T
}

/** What a suite needs. */
export interface SuiteOptions {
  /** Default: both. */
  readonly releases?: readonly Release[]
}

const kafkaOf = { '3.7': '3.7.2', '4.3': '4.3.1' } as const

/** Declares a suite for Kafka 3.7.2 and 4.3.1 and for the in-process broker that looks like each of them. */
export function describeEachBroker(
  title: string,
  options: SuiteOptions,
  body: (broker: BrokerUnderTest) => void,
): void {
  const { releases = ['3.7', '4.3'] } = options
  for (const version of inProcessWanted() ? releases : []) {
    describeInProcess(title, version, (target) =>
      body(brokerUnderTest({ kind: 'in-process', version, ...target })),
    )
  }
  describeEachKafka(
    title,
    (kafka, version) =>
      body(
        brokerUnderTest({
          kind: 'kafka',
          version: version.startsWith('3.') ? '3.7' : '4.3',
          addresses: () => kafka.bootstrap,
          uniqueName: (prefix) => kafka.uniqueName(prefix),
        }),
      ),
    { needs: ['control'], versions: releases.map((release) => kafkaOf[release]) },
  )
}

/** `CONTRACT_BROKERS=kafka` leaves the in-process broker out, for work on the suites themselves. */
function inProcessWanted(): boolean {
  return process.env['CONTRACT_BROKERS'] !== 'kafka'
}

interface Target {
  kind: BrokerUnderTest['kind']
  version: Release
  addresses(): string[]
  uniqueName(prefix: string): string
}

function brokerUnderTest({ kind, version, addresses, uniqueName }: Target): BrokerUnderTest {
  let shared: RawClient | undefined
  const opened: RawClient[] = []
  const address = (): string => addresses()[0] ?? ''
  afterEach(() => {
    for (const one of opened.splice(0)) one.close()
  })
  let isOver = false
  afterAll(() => {
    isOver = true
    shared?.close()
  })
  return {
    kind,
    version,
    get brokers() {
      return addresses()
    },
    uniqueName,
    raw: async (api, apiVersion, request) => {
      // A test that ran out of time may still be waiting for something: its loop ends with the suite.
      if (isOver) throw new Error('The suite is over')
      if (shared === undefined || shared.isClosed) shared = await RawClient.connect(address())
      return shared.ask(api, apiVersion, request)
    },
    connect: async () => {
      const one = await RawClient.connect(address())
      opened.push(one)
      return one
    },
    pick: (values) => values[version],
    expected: (id, onKafka) => expectedHere(id, onKafka, kind, version),
  }
}

function expectedHere<T>(id: DifferenceId, onKafka: T, kind: BrokerUnderTest['kind'], version: Release): T {
  const difference: Difference = differences[id]
  if (kind === 'kafka' || !difference.versions.includes(version)) return onKafka
  expect(difference.inProcess).not.toEqual(onKafka)
  return difference.inProcess as T
}

/** Kafka's name of an error code, `NONE` for 0. */
export function code(errorCode: number | undefined): string {
  return errorCode === undefined ? 'no answer' : errorCode === 0 ? 'NONE' : errorCodeName(errorCode)
}
