/** What hostile or broken peers put where a length belongs: -2, -1, 0, 2^31-1 as int32, int16 and unsigned varint. */
const hostileLengths: readonly Buffer[] = [
  ...[-2, -1, 0, 0x7fffffff].map(int32),
  ...[-2, -1, 0, 0x7fff].map(int16),
  Buffer.from([0]),
  Buffer.from('ffffffff07', 'hex'),
  Buffer.from('ffffffff0f', 'hex'),
  Buffer.from('ffffffffff01', 'hex'),
]

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

/** A copy with one to four bytes changed, or with a hostile length written somewhere. */
export function mutate(bytes: Buffer, random: (limit: number) => number): Buffer {
  const mutated = Buffer.from(bytes)
  if (mutated.length === 0) return mutated
  if (random(2) === 0) {
    for (let changes = 1 + random(4); changes > 0; changes--) mutated[random(mutated.length)] = random(256)
  } else {
    const length = hostileLengths[random(hostileLengths.length)] as Buffer
    length.copy(mutated, random(mutated.length))
  }
  return mutated
}
