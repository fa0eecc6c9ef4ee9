// Guards against a member of another version or make stopping our group: what it sends is read as far as it is known.
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../../../src/consumer/group/consumer-protocol'
import { DecodeError } from '../../../../src/base/errors'
import {
  decodeCooperativeUserData,
  decodeStickyUserData,
  encodeStickyUserData,
} from '../../../../src/consumer/assignors/sticky/sticky-user-data'
import { Writer } from '../../../../src/wire/primitives/writer'

const subscription = {
  topics: ['b', 'a'],
  ownedPartitions: [
    { topic: 'b', partition: 1 },
    { topic: 'a', partition: 2 },
    { topic: 'a', partition: 0 },
  ],
  generationId: 7,
  rackId: 'r1',
  userData: Buffer.from('data'),
}

const withVersion = (bytes: Uint8Array, version: number) => {
  const copy = Buffer.from(bytes)
  copy.writeInt16BE(version)
  return copy
}

describe('subscriptions', () => {
  it('are read with the highest known layout when the version is newer, trailing bytes ignored', () => {
    const newer = Buffer.concat([withVersion(encodeSubscription(subscription), 9), Buffer.from([1, 2, 3])])
    expect(decodeSubscription('m', null, newer)).toEqual({
      memberId: 'm',
      groupInstanceId: null,
      topics: ['a', 'b'],
      ownedPartitions: [
        { topic: 'a', partition: 0 },
        { topic: 'a', partition: 2 },
        { topic: 'b', partition: 1 },
      ],
      generationId: 7,
      rackId: 'r1',
      userData: Buffer.from('data'),
    })
  })

  it.each([
    [0, [], -1, null],
    [1, subscription.ownedPartitions, -1, null],
    [2, subscription.ownedPartitions, 7, null],
  ] as const)('of version %i say what that version can say', (version, owned, generationId, rackId) => {
    const read = decodeSubscription('m', null, withVersion(encodeSubscription(subscription), version))
    expect(read).toMatchObject({ topics: ['a', 'b'], generationId, rackId })
    expect(read.ownedPartitions).toHaveLength(owned.length)
  })

  it('that are cut anywhere end in a DecodeError', () => {
    const bytes = encodeSubscription(subscription)
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeSubscription('m', null, bytes.subarray(0, length))).toThrow(DecodeError)
    }
  })
})

describe('assignments', () => {
  it('are empty when the coordinator sends no bytes', () => {
    expect(decodeAssignment(Buffer.alloc(0)).partitions).toEqual([])
  })

  it('come back as they were written, newer versions too', () => {
    const partitions = [
      { topic: 'a', partition: 3 },
      { topic: 'b', partition: 0 },
    ]
    const bytes = encodeAssignment({ partitions, userData: Buffer.from([1]) })
    const expected = { partitions, userData: Buffer.from([1]) }
    expect(decodeAssignment(bytes)).toEqual(expected)
    expect(decodeAssignment(Buffer.concat([withVersion(bytes, 12), Buffer.from([5])]))).toEqual(expected)
  })

  it('refuse a negative version', () => {
    expect(() => decodeAssignment(withVersion(encodeAssignment({ partitions: [] }), -1))).toThrow(DecodeError)
  })
})

describe('sticky user data', () => {
  const owned = [
    { topic: 'a', partition: 1 },
    { topic: 'a', partition: 0 },
  ]

  it('of version 0 claims partitions of no known generation', () => {
    const version1 = encodeStickyUserData(owned, 4)
    expect(decodeStickyUserData(version1)).toEqual({ partitions: owned, generationId: 4 })
    const version0 = version1.subarray(0, version1.length - 4)
    expect(decodeStickyUserData(version0)).toEqual({ partitions: owned, generationId: -1 })
  })

  it('that cannot be read claims nothing and fails nobody', () => {
    const lying = new Writer()
    lying.writeArrayLength(1_000_000)
    for (const bytes of [lying.toBuffer(), Buffer.from([0]), Buffer.from('garbage!')]) {
      expect(decodeStickyUserData(bytes)).toEqual({ partitions: [], generationId: -1 })
    }
    expect(decodeCooperativeUserData(Buffer.from([1]))).toBe(-1)
    expect(decodeCooperativeUserData(null)).toBeUndefined()
    expect(decodeStickyUserData(null)).toEqual({ partitions: [], generationId: undefined })
  })
})
