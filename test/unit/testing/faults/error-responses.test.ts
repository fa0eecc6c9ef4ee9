// Guards against faults that no client could read: an error response must have the shape of its API in every version.
import { errorResponses } from '../../../../src/testing/faults/errors/error-responses'
import type { ErrorResponse } from '../../../../src/testing/faults/errors/error-response'
import { firstErrorCode } from '../../../../src/testing/node/response-encoder'
import { brokerApis as brokerHalves } from '../../../../src/wire/generated/broker/all-apis'
import {
  brokerApis,
  type BrokerApiName,
  type BrokerRequest,
} from '../../../../src/wire/generated/broker/apis-by-name'
import { clientApis } from '../../../../src/wire/generated/client/all-apis'
import { Reader } from '../../../../src/wire/primitives/reader'
import { Writer } from '../../../../src/wire/primitives/writer'
import { sampleBodies } from '../support/sample-requests'

const code = 41

describe('the error response', () => {
  it('exists for every API of the listener', () => {
    expect(Object.keys(errorResponses).sort()).toEqual(brokerHalves.map(({ name }) => name).sort())
    expect(Object.values(brokerApis).map(({ name }) => name)).toEqual(Object.keys(brokerApis))
  })

  it.each(Object.keys(brokerApis) as BrokerApiName[])('of %s says the error in every version', (name) => {
    const api = brokerApis[name]
    const samples = sampleBodies(name)
    const isServed = ({ version }: { version: number }): boolean =>
      version <= (api.unstableMaxVersion ?? api.maxVersion)
    const requests = samples.filter(isServed).map(({ bytes, version }) => ({
      version,
      request: api.decodeRequest(new Reader(bytes), version),
    }))
    for (let version = api.minVersion; version <= api.maxVersion; version++) {
      // A sample may ask for nothing: then one of another version, which has the same shape once it is read, will do.
      const own = requests.filter((sample) => sample.version === version)
      const codes = own.map(({ request }) => errorIn(name, request, version))
      const others = requests.filter((sample) => sample.version !== version)
      const isSaid = codes.includes(code) || others.some(({ request }) => saysError(name, request, version))
      expect([name, version, isSaid]).toEqual([name, version, true])
    }
  })
})

/** The error code that a client reads in the response. */
function errorIn(name: BrokerApiName, request: BrokerRequest<BrokerApiName>, version: number): number {
  const respond = errorResponses[name] as ErrorResponse<BrokerApiName>
  const writer = new Writer()
  const key = brokerApis[name].key
  brokerHalves
    .find((api) => api.key === key)
    ?.encodeResponse(writer, respond(request, code, version) as never, version)
  return firstErrorOf(
    clientApis.find((api) => api.key === key)?.decodeResponse(new Reader(writer.toBuffer()), version),
  )
}

/** False also for a sample that makes no response of this version. */
function saysError(name: BrokerApiName, request: BrokerRequest<BrokerApiName>, version: number): boolean {
  try {
    return errorIn(name, request, version) === code
  } catch {
    return false
  }
}

/** Also the one error code whose field has another name. */
function firstErrorOf(response: unknown): number {
  const found = /"partitionErrorCode":(\d+)/.exec(
    JSON.stringify(response, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  )
  return found === null ? firstErrorCode(response) : Number(found[1])
}
