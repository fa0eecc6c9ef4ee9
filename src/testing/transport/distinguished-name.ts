/** Attributes that RFC 2253 has a keyword for, by OpenSSL's names of them. */
const keywords: Readonly<Record<string, string>> = {
  CN: 'CN',
  L: 'L',
  ST: 'ST',
  O: 'O',
  OU: 'OU',
  C: 'C',
  street: 'STREET',
  DC: 'DC',
  UID: 'UID',
}

/**
 * The subject of a certificate as Kafka names a client by it: RFC 2253, the last attribute first, such as
 * `CN=alice,OU=shop,O=Example`.
 * @param subject as node:tls gives it, in the order of the certificate
 */
export function distinguishedName(subject: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(subject).flatMap(([name, value]) => {
    const values = (Array.isArray(value) ? value : [value]) as unknown[]
    return values.map((one) => attribute(name, String(one)))
  })
  return parts.reverse().join(',')
}

function attribute(name: string, value: string): string {
  const keyword = keywords[name]
  if (keyword !== undefined) return `${keyword}=${escapeValue(value)}`
  // Java writes what RFC 2253 has no keyword for by number, and the value as it is encoded: an IA5String.
  if (name === 'emailAddress' && value.length < 128) {
    const encoded = Buffer.concat([Buffer.from([0x16, value.length]), Buffer.from(value, 'latin1')])
    return `1.2.840.113549.1.9.1=#${encoded.toString('hex')}`
  }
  return `${name}=${escapeValue(value)}`
}

function escapeValue(value: string): string {
  return value
    .replace(/[,+"\\<>;]/g, '\\$&')
    .replace(/^[# ]/, '\\$&')
    .replace(/ $/, '\\ ')
}
