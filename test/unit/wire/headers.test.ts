// Guards against headers that a broker can't read, above all in the first exchange with an unknown broker.
import { DecodeError } from '../../../src/base/errors'
import { ApiKey } from '../../../src/wire/generated/api-keys'
import { apiVersionsApi as apiVersionsBrokerApi } from '../../../src/wire/generated/broker/api-versions'
import { clientApis } from '../../../src/wire/generated/client/all-apis'
import { apiVersionsApi } from '../../../src/wire/generated/client/api-versions'
import { fetchApi } from '../../../src/wire/generated/client/fetch'
import { saslHandshakeApi } from '../../../src/wire/generated/client/sasl-handshake'
import {
  decodeApiVersionsResponse,
  decodeResponseHeader,
  encodeRequestHeader,
  requestHeaderVersion,
  responseHeaderVersion,
  type HeaderApi,
} from '../../../src/wire/headers'
import { Reader } from '../../../src/wire/primitives/reader'
import { Writer } from '../../../src/wire/primitives/writer'

function header(api: HeaderApi, version: number, clientId: string | null): string {
  const writer = new Writer()
  encodeRequestHeader(writer, api, version, 0x01020304, clientId)
  return writer.toBuffer().toString('hex')
}

describe('the header of a request', () => {
  it('has tagged fields from the first flexible version on', () => {
    expect(header(fetchApi, 11, 'me')).toBe('0001' + '000b' + '01020304' + '00026d65')
    expect(header(fetchApi, 12, 'me')).toBe('0001' + '000c' + '01020304' + '00026d65' + '00')
  })

  it('keeps the old length of the client id in flexible versions too', () => {
    expect(header(fetchApi, 12, null)).toBe('0001' + '000c' + '01020304' + 'ffff' + '00')
    expect(header(fetchApi, 12, '')).toBe('0001' + '000c' + '01020304' + '0000' + '00')
    const long = 'x'.repeat(300)
    expect(header(fetchApi, 12, long)).toBe(`0001000c01020304012c${Buffer.from(long).toString('hex')}00`)
  })

  it('never has tagged fields where no version is flexible', () => {
    expect(requestHeaderVersion(saslHandshakeApi, 1)).toBe(1)
    expect(responseHeaderVersion(saslHandshakeApi, 1)).toBe(0)
  })
})

describe('the header of a response', () => {
  it('has tagged fields from the first flexible version on', () => {
    expect(decodeResponseHeader(new Reader(Buffer.from('01020304', 'hex')), fetchApi, 11)).toBe(0x01020304)
    const flexible = new Reader(Buffer.from('0102030401090161', 'hex'))
    expect(decodeResponseHeader(flexible, fetchApi, 12)).toBe(0x01020304)
    flexible.expectEnd()
  })

  it('has none in any version of ApiVersions, and of no other flexible API', () => {
    const without = clientApis.filter((api) => responseHeaderVersion(api, api.maxVersion) === 0)
    expect(without.map(({ name }) => name).sort()).toEqual(['ApiVersions', 'OffsetDelete', 'SaslHandshake'])
    expect(requestHeaderVersion(apiVersionsApi, 3)).toBe(2)
  })
})

describe('the answer to ApiVersions', () => {
  const range = { apiKey: ApiKey.ApiVersions, minVersion: 0, maxVersion: 4 }

  function answer(errorCode: number, version: number): Buffer {
    const writer = new Writer()
    apiVersionsBrokerApi.encodeResponse(writer, { errorCode, apiKeys: [range] }, version)
    return writer.toBuffer()
  }

  it.each([0, 1, 2, 3, 4, 5])('is read in version %i', (version) => {
    const reader = new Reader(answer(0, version))
    expect(decodeApiVersionsResponse(reader, version)).toMatchObject({ errorCode: 0, apiKeys: [range] })
    reader.expectEnd()
  })

  it('is read as version 0 when the broker does not know the version asked for', () => {
    const reader = new Reader(answer(35, 0))
    expect(decodeApiVersionsResponse(reader, 5)).toMatchObject({ errorCode: 35, apiKeys: [range] })
    reader.expectEnd()
  })

  it('may be that error and nothing else, as old brokers send it', () => {
    const reader = new Reader(Buffer.from('002300000000', 'hex'))
    expect(decodeApiVersionsResponse(reader, 5)).toMatchObject({ errorCode: 35, apiKeys: [] })
    reader.expectEnd()
  })

  it('of no bytes is refused', () => {
    expect(() => decodeApiVersionsResponse(new Reader(Buffer.alloc(1)), 5)).toThrow(DecodeError)
  })
})

describe('the registry', () => {
  it('holds the 79 APIs of the broker listener, the unstable version outside the range', () => {
    expect(clientApis).toHaveLength(79)
    expect(Object.keys(ApiKey)).toHaveLength(95)
    expect(
      clientApis.every(({ key, name }) => Object.entries(ApiKey).some(([n, k]) => n === name && k === key)),
    ).toBe(true)
    const unstable = clientApis.filter(({ unstableMaxVersion }) => unstableMaxVersion !== undefined)
    expect(unstable).toMatchObject([{ name: 'InitProducerId', maxVersion: 5, unstableMaxVersion: 6 }])
  })
})
