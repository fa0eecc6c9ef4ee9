import { createSign, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import * as der from './der'

/** A certificate with its private key, both as PEM text. */
export interface Certificate {
  certificate: string
  key: string
}

/** A certificate authority made for one test run. */
export interface CertificateAuthority extends Certificate {
  /** Issues a certificate for hosts; `validForMs` may be negative to get one that has expired. */
  issue(options: { commonName: string; hosts?: readonly string[]; validForMs?: number }): Certificate
}

const oneDay = 86_400_000

/** Makes a self-signed authority. Written with node:crypto alone, so that no openssl is needed. */
export function createCertificateAuthority(commonName = 'typed-kafka tests'): CertificateAuthority {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuer = distinguishedName(commonName)
  const extensions = [
    der.extension('2.5.29.19', true, der.sequence(der.boolean(true))),
    der.extension('2.5.29.15', true, der.bitString(Buffer.from([0x06]), 1)),
  ]
  const build = (subject: Buffer, publicKey: KeyObject, more: Buffer[], validForMs: number): string =>
    signedCertificate({ issuer, subject, publicKey, extensions: more, validForMs, signer: keys.privateKey })
  return {
    certificate: build(issuer, keys.publicKey, extensions, 30 * oneDay),
    key: pem(keys.privateKey),
    issue: ({ commonName: name, hosts = [], validForMs = 30 * oneDay }) => {
      const own = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const more = hosts.length > 0 ? [subjectAlternativeNames(hosts)] : []
      const certificate = build(distinguishedName(name), own.publicKey, more, validForMs)
      return { certificate, key: pem(own.privateKey) }
    },
  }
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function distinguishedName(commonName: string): Buffer {
  return der.sequence(der.set(der.sequence(der.objectIdentifier('2.5.4.3'), der.utf8String(commonName))))
}

function subjectAlternativeNames(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) =>
    /^\d+\.\d+\.\d+\.\d+$/.test(host)
      ? der.element(0x87, Buffer.from(host.split('.').map(Number)))
      : der.element(0x82, Buffer.from(host, 'ascii')),
  )
  return der.extension('2.5.29.17', false, der.sequence(...names))
}

interface Contents {
  issuer: Buffer
  subject: Buffer
  publicKey: KeyObject
  extensions: Buffer[]
  validForMs: number
  signer: KeyObject
}

function signedCertificate({ issuer, subject, publicKey, extensions, validForMs, signer }: Contents): string {
  const ecdsaWithSha256 = der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'))
  const end = Date.now() + validForMs
  const body = der.sequence(
    der.element(0xa0, der.integer(Buffer.from([2]))),
    der.integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    issuer,
    der.sequence(der.utcTime(new Date(Math.min(Date.now(), end) - oneDay)), der.utcTime(new Date(end))),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der.element(0xa3, der.sequence(...extensions)),
  )
  const signature = createSign('sha256').update(body).sign(signer)
  const certificate = der.sequence(body, ecdsaWithSha256, der.bitString(signature))
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}
