import { loadVectors, type Vector } from '../../../golden/messages/vectors'
import { brokerApis } from '../../../../src/wire/generated/broker/apis-by-name'
import { requestHeaderCodec } from '../../../../src/wire/generated/data/request-header'
import { requestHeaderVersion } from '../../../../src/wire/headers'
import { Writer } from '../../../../src/wire/primitives/writer'

const requests: readonly Vector[] = loadVectors().filter(({ message }) => message.endsWith('Request'))

/** The bodies of all sample requests of an API, as Java wrote them. */
export function sampleBodies(apiName: string): readonly Vector[] {
  return requests.filter(({ message }) => message === `${apiName}Request`)
}

/** Requests of all APIs in all versions, as Java wrote them, with header and size. */
export function sampleFrames(): Buffer[] {
  return Object.values(brokerApis).flatMap((api) => {
    const bodies = requests.filter(
      ({ message, version }) =>
        message === `${api.name}Request` && version >= api.minVersion && version <= api.maxVersion,
    )
    return bodies.map(({ bytes, version }, at) => {
      const writer = new Writer()
      writer.writeInt32(0)
      const header = {
        requestApiKey: api.key,
        requestApiVersion: version,
        correlationId: at,
        clientId: 'sample',
      }
      requestHeaderCodec.encode(writer, header, requestHeaderVersion(api, version))
      writer.writeRaw(bytes)
      const frame = writer.toBuffer()
      frame.writeInt32BE(frame.length - 4, 0)
      return frame
    })
  })
}
