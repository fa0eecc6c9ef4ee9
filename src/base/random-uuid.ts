/**
 * A version 4 UUID in Kafka's text form, base64url. It never begins with a dash, as Kafka's never do, so that it can be an
 * argument on a command line.
 * @param random a number in [0, 1): where the 122 bits come from, so that a simulation can repeat them
 */
export function randomUuid(random: () => number): string {
  for (;;) {
    const bytes = Buffer.alloc(16)
    for (let i = 0; i < 16; i++) bytes[i] = Math.floor(random() * 256)
    bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40
    bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
    const text = bytes.toString('base64url')
    if (!text.startsWith('-')) return text
  }
}
