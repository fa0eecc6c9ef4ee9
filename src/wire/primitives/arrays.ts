// Spelled out for each type: a shared loop would call through a closure for every element.
import type { Reader } from './reader'
import type { Writer } from './writer'

function arrayLength(reader: Reader, flexible: boolean): number {
  return flexible ? reader.readCompactArrayLength() : reader.readArrayLength()
}

function nullableArrayLength(reader: Reader, flexible: boolean): number {
  return flexible ? reader.readCompactNullableArrayLength() : reader.readNullableArrayLength()
}

function writeLength(writer: Writer, items: readonly unknown[] | null, flexible: boolean): void {
  const count = items === null ? -1 : items.length
  if (flexible) writer.writeCompactArrayLength(count)
  else writer.writeArrayLength(count)
}

function readInt8s(reader: Reader, count: number): number[] {
  const items: number[] = []
  for (let i = 0; i < count; i++) items.push(reader.readInt8())
  return items
}

/** Reads an array of int8 that can't be null. */
export function readInt8Array(reader: Reader, flexible: boolean): number[] {
  return readInt8s(reader, arrayLength(reader, flexible))
}

/** Reads an array of int8 that may be null. */
export function readNullableInt8Array(reader: Reader, flexible: boolean): number[] | null {
  const count = nullableArrayLength(reader, flexible)
  return count < 0 ? null : readInt8s(reader, count)
}

/** Writes an array of int8; the caller knows whether null is allowed. */
export function writeInt8Array(writer: Writer, items: readonly number[] | null, flexible: boolean): void {
  writeLength(writer, items, flexible)
  if (items === null) return
  for (const item of items) writer.writeInt8(item)
}

function readInt16s(reader: Reader, count: number): number[] {
  const items: number[] = []
  for (let i = 0; i < count; i++) items.push(reader.readInt16())
  return items
}

/** Reads an array of int16 that can't be null. */
export function readInt16Array(reader: Reader, flexible: boolean): number[] {
  return readInt16s(reader, arrayLength(reader, flexible))
}

/** Reads an array of int16 that may be null. */
export function readNullableInt16Array(reader: Reader, flexible: boolean): number[] | null {
  const count = nullableArrayLength(reader, flexible)
  return count < 0 ? null : readInt16s(reader, count)
}

/** Writes an array of int16; the caller knows whether null is allowed. */
export function writeInt16Array(writer: Writer, items: readonly number[] | null, flexible: boolean): void {
  writeLength(writer, items, flexible)
  if (items === null) return
  for (const item of items) writer.writeInt16(item)
}

function readInt32s(reader: Reader, count: number): number[] {
  const items: number[] = []
  for (let i = 0; i < count; i++) items.push(reader.readInt32())
  return items
}

/** Reads an array of int32 that can't be null. */
export function readInt32Array(reader: Reader, flexible: boolean): number[] {
  return readInt32s(reader, arrayLength(reader, flexible))
}

/** Reads an array of int32 that may be null. */
export function readNullableInt32Array(reader: Reader, flexible: boolean): number[] | null {
  const count = nullableArrayLength(reader, flexible)
  return count < 0 ? null : readInt32s(reader, count)
}

/** Writes an array of int32; the caller knows whether null is allowed. */
export function writeInt32Array(writer: Writer, items: readonly number[] | null, flexible: boolean): void {
  writeLength(writer, items, flexible)
  if (items === null) return
  for (const item of items) writer.writeInt32(item)
}

function readInt64s(reader: Reader, count: number): bigint[] {
  const items: bigint[] = []
  for (let i = 0; i < count; i++) items.push(reader.readInt64())
  return items
}

/** Reads an array of int64 that can't be null. */
export function readInt64Array(reader: Reader, flexible: boolean): bigint[] {
  return readInt64s(reader, arrayLength(reader, flexible))
}

/** Reads an array of int64 that may be null. */
export function readNullableInt64Array(reader: Reader, flexible: boolean): bigint[] | null {
  const count = nullableArrayLength(reader, flexible)
  return count < 0 ? null : readInt64s(reader, count)
}

/** Writes an array of int64; the caller knows whether null is allowed. */
export function writeInt64Array(writer: Writer, items: readonly bigint[] | null, flexible: boolean): void {
  writeLength(writer, items, flexible)
  if (items === null) return
  for (const item of items) writer.writeInt64(item)
}

function readStrings(reader: Reader, count: number, flexible: boolean): string[] {
  const items: string[] = []
  for (let i = 0; i < count; i++) items.push(flexible ? reader.readCompactString() : reader.readString())
  return items
}

/** Reads an array of string that can't be null. */
export function readStringArray(reader: Reader, flexible: boolean): string[] {
  return readStrings(reader, arrayLength(reader, flexible), flexible)
}

/** Reads an array of string that may be null. */
export function readNullableStringArray(reader: Reader, flexible: boolean): string[] | null {
  const count = nullableArrayLength(reader, flexible)
  return count < 0 ? null : readStrings(reader, count, flexible)
}

/** Writes an array of string; the caller knows whether null is allowed. */
export function writeStringArray(writer: Writer, items: readonly string[] | null, flexible: boolean): void {
  writeLength(writer, items, flexible)
  if (items === null) return
  for (const item of items) {
    if (flexible) writer.writeCompactString(item)
    else writer.writeString(item)
  }
}

function readUuids(reader: Reader, count: number): string[] {
  const items: string[] = []
  for (let i = 0; i < count; i++) items.push(reader.readUuid())
  return items
}

/** Reads an array of uuid that can't be null. */
export function readUuidArray(reader: Reader, flexible: boolean): string[] {
  return readUuids(reader, arrayLength(reader, flexible))
}

/** Reads an array of uuid that may be null. */
export function readNullableUuidArray(reader: Reader, flexible: boolean): string[] | null {
  const count = nullableArrayLength(reader, flexible)
  return count < 0 ? null : readUuids(reader, count)
}

/** Writes an array of uuid; the caller knows whether null is allowed. */
export function writeUuidArray(writer: Writer, items: readonly string[] | null, flexible: boolean): void {
  writeLength(writer, items, flexible)
  if (items === null) return
  for (const item of items) writer.writeUuid(item)
}
