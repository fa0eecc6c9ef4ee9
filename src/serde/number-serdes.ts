import type Long from 'long'
import { SerializationError } from '../base/errors'
import { wrongType } from './basic-serdes'
import type { Serde } from './serde'

/** 32-bit signed integer, big-endian, as Java's IntegerSerializer. */
export function int32(): Serde<number> {
  return int32Serde
}

/** 64-bit signed integer, big-endian, as Java's LongSerializer. Takes bigint, safe integers and `Long`; gives bigint. */
export function int64(): Serde<bigint, bigint | number | Long> {
  return int64Serde
}

/** IEEE 754 double, big-endian, as Java's DoubleSerializer. */
export function float64(): Serde<number> {
  return float64Serde
}

const int32Serde: Serde<number> = {
  name: 'int32',
  serialize(value) {
    if (!Number.isInteger(value) || (value | 0) !== value)
      throw wrongType('int32', 'an integer of 32 bits', value)
    const bytes = Buffer.allocUnsafe(4)
    bytes.writeInt32BE(value)
    return bytes
  },
  deserialize(buffer, start, end) {
    requireLength('int32', 4, end - start)
    return buffer.readInt32BE(start)
  },
}

const int64Serde: Serde<bigint, bigint | number | Long> = {
  name: 'int64',
  serialize(value) {
    const exact = toBigInt(value)
    if (BigInt.asIntN(64, exact) !== exact) throw wrongType('int64', 'an integer of 64 bits', value)
    const bytes = Buffer.allocUnsafe(8)
    bytes.writeBigInt64BE(exact)
    return bytes
  },
  deserialize(buffer, start, end) {
    requireLength('int64', 8, end - start)
    return buffer.readBigInt64BE(start)
  },
}

const float64Serde: Serde<number> = {
  name: 'float64',
  serialize(value) {
    if (typeof value !== 'number') throw wrongType('float64', 'a number', value)
    const bytes = Buffer.allocUnsafe(8)
    bytes.writeDoubleBE(value)
    return bytes
  },
  deserialize(buffer, start, end) {
    requireLength('float64', 8, end - start)
    return buffer.readDoubleBE(start)
  },
}

function toBigInt(value: bigint | number | Long): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  if (isLong(value)) return BigInt(value.toString())
  throw wrongType('int64', 'a bigint, a safe integer or a Long', value)
}

/** By the mark that every copy of the package knows its objects by: importing one for this would load it for everybody. */
function isLong(value: unknown): value is Long {
  return typeof value === 'object' && value !== null && '__isLong__' in value && value.__isLong__ === true
}

function requireLength(serde: string, expected: number, actual: number): void {
  if (actual !== expected)
    throw new SerializationError(`The ${serde} serde reads ${expected} bytes, there are ${actual}`)
}
