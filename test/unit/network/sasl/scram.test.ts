// Guards the credentials: a broker that can't prove itself must not be believed, and no secret may show (L21).
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { inspect } from 'node:util'
import { AuthenticationError } from '../../../../src/base/errors'
import { PlainMechanism } from '../../../../src/network/sasl/plain'
import type { SaslMechanism } from '../../../../src/network/sasl/sasl-mechanism'
import { ScramMechanism } from '../../../../src/network/sasl/scram'

const context = { host: 'localhost', port: 9092 }

// The example of RFC 7677, section 3.
const nonce = 'rOprNGfwEbeRWgbNEkqO'
const serverFirst = `r=${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`
const serverFinal = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='

const exchange = () => new ScramMechanism('sha256', 'user', 'pencil', { createNonce: () => nonce }).start()

test('SCRAM-SHA-256 says what the example of RFC 7677 says', async () => {
  const scram = exchange()
  expect(String(await scram.first())).toBe(`n,,n=user,r=${nonce}`)
  const final = await scram.next(Buffer.from(serverFirst))
  expect(String(final)).toBe(
    `c=biws,r=${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
  )
  expect(await scram.next(Buffer.from(serverFinal))).toBeUndefined()
})

test('SCRAM-SHA-512 proves the password and accepts the server of a second implementation', async () => {
  const scram = new ScramMechanism('sha512', 'a=b,c', 'p\u00A0w', { createNonce: () => 'abc' }).start()
  const first = String(await scram.first())
  expect(first).toBe('n,,n=a=3Db=2Cc,r=abc')
  const challenge = 'r=abcdef,s=c2FsdA==,i=5000'
  const final = String(await scram.next(Buffer.from(challenge)))
  const salted = pbkdf2Sync('p w', 'salt', 5000, 64, 'sha512')
  const hmac = (key: Buffer, text: string) => createHmac('sha512', key).update(text).digest()
  const transcript = `${first.slice(3)},${challenge},${final.replace(/,p=.*/, '')}`
  const clientKey = hmac(salted, 'Client Key')
  const signature = hmac(createHash('sha512').update(clientKey).digest(), transcript)
  const proof = Buffer.from(final.replace(/.*,p=/, ''), 'base64').map(
    (byte, i) => byte ^ (signature[i] as number),
  )
  expect(Buffer.from(proof)).toEqual(clientKey)
  const verifier = hmac(hmac(salted, 'Server Key'), transcript).toString('base64')
  expect(await scram.next(Buffer.from(`v=${verifier}`))).toBeUndefined()
})

test('a delegation token says so in its first message, which both sides sign', async () => {
  const settings = { tokenAuth: true, createNonce: () => 'abc' }
  const scram = new ScramMechanism('sha256', 'id', 'aG1hYw==', settings).start()
  expect(String(await scram.first())).toBe('n,,n=id,r=abc,tokenauth=true')
  const challenge = 'r=abcdef,s=c2FsdA==,i=4096'
  const final = String(await scram.next(Buffer.from(challenge)))
  const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  const transcript = `n=id,r=abc,tokenauth=true,${challenge},${final.replace(/,p=.*/, '')}`
  const serverKey = hmac(pbkdf2Sync('aG1hYw==', 'salt', 4096, 32, 'sha256'), 'Server Key')
  const verifier = hmac(serverKey, transcript).toString('base64')
  expect(await scram.next(Buffer.from(`v=${verifier}`))).toBeUndefined()
})

test.each([
  ['a wrong server signature', 'v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', /could not prove/],
  ['an empty answer', '', /could not prove/],
  ['an error of the server', 'e=other-error', /other-error/],
])('refuses %s', async (_, answer, message) => {
  const scram = exchange()
  await scram.first()
  await scram.next(Buffer.from(serverFirst))
  await expect(scram.next(Buffer.from(answer))).rejects.toThrow(message)
})

test.each([
  ['a nonce that is not ours', 'r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096', /nonce/],
  ['our nonce with nothing added', `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`, /nonce/],
  ['fewer than 4096 iterations', serverFirst.replace('4096', '4095'), /4095 iterations/],
  ['iterations that would burn hours', serverFirst.replace('4096', '2000000000'), /iterations/],
  ['iterations that are no number', serverFirst.replace('4096', 'x'), /iterations/],
  ['a missing salt', `r=${nonce}x,i=4096`, /salt/],
  ['an error instead of a challenge', 'e=unknown-user', /unknown-user/],
])('refuses %s', async (_, challenge, message) => {
  const scram = exchange()
  await scram.first()
  const answer = Promise.resolve(scram.next(Buffer.from(challenge)))
  await expect(answer).rejects.toThrow(message)
  await expect(answer).rejects.toBeInstanceOf(AuthenticationError)
})

test('each exchange has a nonce of its own', async () => {
  const mechanism = new ScramMechanism('sha256', 'user', 'pencil')
  expect(String(await mechanism.start().first())).not.toBe(String(await mechanism.start().first()))
})

test('PLAIN sends name and password, and nothing more', async () => {
  const plain = new PlainMechanism('alice', 'secret').start()
  expect(String(await plain.first())).toBe('\0alice\0secret')
  expect(await plain.next(Buffer.alloc(0))).toBeUndefined()
})

test('L21: no mechanism and no exchange shows the password', async () => {
  const mechanisms: SaslMechanism[] = [
    new PlainMechanism('u', 'hidden!'),
    new ScramMechanism('sha512', 'u', 'hidden!'),
  ]
  for (const mechanism of mechanisms) {
    const shown = [mechanism, mechanism.start(context)].map(
      (value) => inspect(value, { depth: 9, showHidden: true }) + JSON.stringify(value),
    )
    expect(shown.join()).not.toContain('hidden!')
  }
})
