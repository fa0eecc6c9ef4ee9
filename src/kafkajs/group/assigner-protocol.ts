import { KafkaJSNonRetriableError } from '../errors/kafkajs-error'
import type { Assignment, ISerializer, MemberAssignment, MemberMetadata } from '../types/group'

const noBytes = Buffer.alloc(0)

/** Reads what Kafka's consumer protocol wrote, version 0: what newer versions have behind that is not read. */
class ProtocolReader {
  readonly #buffer: Buffer
  #at = 0

  constructor(buffer: Buffer) {
    this.#buffer = buffer
  }

  int16(): number {
    return this.#take(2).readInt16BE(0)
  }

  int32(): number {
    return this.#take(4).readInt32BE(0)
  }

  string(): string {
    return this.#take(Math.max(0, this.int16())).toString('utf8')
  }

  list<Item>(read: () => Item): Item[] {
    return Array.from({ length: this.#boundedCount() }, read)
  }

  /** Null where there are none. */
  bytes(): Buffer | null {
    const length = this.int32()
    return length < 0 ? null : this.#take(length)
  }

  #boundedCount(): number {
    const count = Math.max(0, this.int32())
    if (count > this.#buffer.length - this.#at) this.#endsEarly()
    return count
  }

  #take(length: number): Buffer {
    if (this.#at + length > this.#buffer.length) this.#endsEarly()
    const part = this.#buffer.subarray(this.#at, this.#at + length)
    this.#at += length
    return part
  }

  #endsEarly(): never {
    throw new KafkaJSNonRetriableError(
      `Not the bytes of a group member: ${this.#buffer.length} bytes end before what they announce`,
    )
  }
}

function int16(value: number): Buffer {
  const buffer = Buffer.alloc(2)
  buffer.writeInt16BE(value)
  return buffer
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4)
  buffer.writeInt32BE(value)
  return buffer
}

function string(value: string): Buffer {
  const text = Buffer.from(value, 'utf8')
  return Buffer.concat([int16(text.length), text])
}

function list(items: readonly Buffer[]): Buffer {
  return Buffer.concat([int32(items.length), ...items])
}

function bytes(value: Buffer | null): Buffer {
  return value === null ? int32(-1) : Buffer.concat([int32(value.length), value])
}

const memberMetadata: ISerializer<MemberMetadata> = {
  encode({ version, topics, userData = noBytes }) {
    return Buffer.concat([int16(version), list(topics.map(string)), bytes(userData)])
  },
  decode(buffer) {
    const reader = new ProtocolReader(buffer)
    return {
      version: reader.int16(),
      topics: reader.list(() => reader.string()),
      userData: reader.bytes() as Buffer,
    }
  },
}

const memberAssignment: ISerializer<MemberAssignment> = {
  encode({ version, assignment, userData = noBytes }) {
    const topics = Object.entries(assignment).map(([topic, partitions]) =>
      Buffer.concat([string(topic), list(partitions.map(int32))]),
    )
    return Buffer.concat([int16(version), list(topics), bytes(userData)])
  },
  decode(buffer) {
    if (buffer.length < 2) return null
    const reader = new ProtocolReader(buffer)
    const version = reader.int16()
    const topics = reader.list((): [string, number[]] => [reader.string(), reader.list(() => reader.int32())])
    const assignment: Assignment = Object.fromEntries(topics)
    return { version, assignment, userData: reader.bytes() as Buffer }
  },
}

/** Turns what members of a group say, and what they are given, into bytes and back: version 0 of Kafka's consumer protocol. */
export const AssignerProtocol: {
  MemberMetadata: ISerializer<MemberMetadata>
  MemberAssignment: ISerializer<MemberAssignment>
} = { MemberMetadata: memberMetadata, MemberAssignment: memberAssignment }
