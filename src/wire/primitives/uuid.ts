import { InvalidArgumentError } from '../../base/errors'

/** Kafka's "no id": 16 zero bytes. */
export const zeroUuid = 'AAAAAAAAAAAAAAAAAAAAAA'

/** The text form of Kafka's ids: unpadded base64url, 22 characters. */
export function formatUuid(bytes: Buffer, offset: number): string {
  return bytes.toString('base64url', offset, offset + 16)
}

/** Writes the 16 bytes of an id given in its text form. */
export function writeUuidBytes(text: string, target: Buffer, offset: number): void {
  const written = text.length === 22 ? target.write(text, offset, 16, 'base64url') : 0
  if (written !== 16)
    throw new InvalidArgumentError(`'${text}' is not a Kafka id (22 characters of base64url)`)
}
