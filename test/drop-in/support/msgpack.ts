/**
 * The value that MessagePack's bytes stand for. Integers of 64 bits become strings, as identifiers are compared and not
 * counted with; extensions are none of what tracers send.
 */
export function decodeMsgpack(bytes: Uint8Array): unknown {
  return new MsgpackReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).value()
}

class MsgpackReader {
  #at = 0

  constructor(private readonly bytes: Buffer) {}

  value(): unknown {
    const type = this.#uint(1)
    if (type < 0x80) return type
    if (type < 0x90) return this.#map(type & 0x0f)
    if (type < 0xa0) return this.#array(type & 0x0f)
    if (type < 0xc0) return this.#text(type & 0x1f)
    if (type >= 0xe0) return type - 0x100
    return this.#tagged(type)
  }

  #tagged(type: number): unknown {
    switch (type) {
      case 0xc0:
        return null
      case 0xc2:
      case 0xc3:
        return type === 0xc3
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#take(this.#uint(1 << (type - 0xc4))).toString('base64')
      case 0xca:
        return this.#take(4).readFloatBE()
      case 0xcb:
        return this.#take(8).readDoubleBE()
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#uint(1 << (type - 0xcc))
      case 0xcf:
        return String(this.#take(8).readBigUInt64BE())
      case 0xd0:
      case 0xd1:
      case 0xd2:
        return this.#int(1 << (type - 0xd0))
      case 0xd3:
        return String(this.#take(8).readBigInt64BE())
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#uint(1 << (type - 0xd9)))
      case 0xdc:
      case 0xdd:
        return this.#array(this.#uint(2 << (type - 0xdc)))
      case 0xde:
      case 0xdf:
        return this.#map(this.#uint(2 << (type - 0xde)))
      default:
        throw new Error(`MessagePack's type 0x${type.toString(16)} is not expected here`)
    }
  }

  #array(length: number): unknown[] {
    return Array.from({ length }, () => this.value())
  }

  #map(length: number): Record<string, unknown> {
    const entries = Array.from({ length }, () => [String(this.value()), this.value()] as const)
    return Object.fromEntries(entries)
  }

  #text(length: number): string {
    return this.#take(length).toString()
  }

  #uint(length: number): number {
    return this.#take(length).readUIntBE(0, length)
  }

  #int(length: number): number {
    return this.#take(length).readIntBE(0, length)
  }

  #take(length: number): Buffer {
    return this.bytes.subarray(this.#at, (this.#at += length))
  }
}
