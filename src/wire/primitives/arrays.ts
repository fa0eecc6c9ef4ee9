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

export function readInt8Array(reader: Reader, flexible: boolean): number[] {
  return readInt8s(reader, arrayLength(reader, flexible))
}

export function readNullableInt8Array(reader: Reader, flexible: boolean): number[] | null {
  const count = nullableArrayLength(reader, flexible)
  return count < 0 ? null : readInt8s(reader, count)
}

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

export function readInt16Array(reader: Reader, flexible: boolean): number[] {
  return readInt16s(reader, arrayLength(reader, flexible))
}

export function readNullableInt16Array(reader: Reader, flexible: boolean): number[] | null {
  const count = nullableArrayLength(reader, flexible)
  return count < 0 ? null : readInt16s(reader, count)
}

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

export function readInt32Array(reader: Reader, flexible: boolean): number[] {
  return readInt32s(reader, arrayLength(reader, flexible))
}

export function readNullableInt32Array(reader: Reader, flexible: boolean): number[] | null {
  const count = nullableArrayLength(reader, flexible)
  return count < 0 ? null : readInt32s(reader, count)
}

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

export function readInt64Array(reader: Reader, flexible: boolean): bigint[] {
  return readInt64s(reader, arrayLength(reader, flexible))
}

export function readNullableInt64Array(reader: Reader, flexible: boolean): bigint[] | null {
  const count = nullableArrayLength(reader, flexible)
  return count < 0 ? null : readInt64s(reader, count)
}

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

export function readStringArray(reader: Reader, flexible: boolean): string[] {
  return readStrings(reader, arrayLength(reader, flexible), flexible)
}

export function readNullableStringArray(reader: Reader, flexible: boolean): string[] | null {
  const count = nullableArrayLength(reader, flexible)
  return count < 0 ? null : readStrings(reader, count, flexible)
}

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

export function readUuidArray(reader: Reader, flexible: boolean): string[] {
  return readUuids(reader, arrayLength(reader, flexible))
}

export function readNullableUuidArray(reader: Reader, flexible: boolean): string[] | null {
  const count = nullableArrayLength(reader, flexible)
  return count < 0 ? null : readUuids(reader, count)
}

export function writeUuidArray(writer: Writer, items: readonly string[] | null, flexible: boolean): void {
  writeLength(writer, items, flexible)
  if (items === null) return
  for (const item of items) writer.writeUuid(item)
}
