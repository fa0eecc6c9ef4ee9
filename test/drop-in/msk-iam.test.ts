// Guards SASL mechanisms of other packages: AWS_MSK_IAM signs what a broker can check, and nothing is asked before.
import { createHash, createHmac } from 'node:crypto'
import { ErrorCode } from '../../src/base/error-codes'
import { silentLogger } from '../../src/base/logger'
import { createCluster, type TestCluster } from '../../src/testing'
import { compareProgram, failure } from './support/compare-program'

const secretAccessKey = 'secret'

/** What a client sends, by the rules of AWS's signature version 4 for a signed address. */
interface Payload {
  readonly version: string
  readonly host: string
  readonly 'user-agent': string
  readonly action: string
  readonly 'x-amz-algorithm': string
  readonly 'x-amz-credential': string
  readonly 'x-amz-date': string
  readonly 'x-amz-security-token': string
  readonly 'x-amz-signedheaders': string
  readonly 'x-amz-expires': string
  readonly 'x-amz-signature': string
}

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** The signature that the owner of the secret gives. */
function signatureOf(payload: Payload): string {
  const parameters = {
    Action: payload.action,
    'X-Amz-Algorithm': payload['x-amz-algorithm'],
    'X-Amz-Credential': payload['x-amz-credential'],
    'X-Amz-Date': payload['x-amz-date'],
    'X-Amz-Expires': payload['x-amz-expires'],
    'X-Amz-Security-Token': payload['x-amz-security-token'],
    'X-Amz-SignedHeaders': payload['x-amz-signedheaders'],
  }
  const query = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  const request = ['GET', '/', query.join('&'), `host:${payload.host}`, '', 'host', sha256('')].join('\n')
  const [, ...scope] = payload['x-amz-credential'].split('/')
  const text = [payload['x-amz-algorithm'], payload['x-amz-date'], scope.join('/'), sha256(request)].join(
    '\n',
  )
  const key = scope.reduce<string | Buffer>((last, part) => hmac(last, part), `AWS4${secretAccessKey}`)
  return hmac(key, text).toString('hex')
}

/** What is wrong with it; nothing if it may pass. */
function problemOf(payload: Payload): string | undefined {
  const day = payload['x-amz-date'].slice(0, 8)
  const expected: Partial<Payload> = {
    version: '2020_10_22',
    host: '127.0.0.1',
    action: 'kafka-cluster:Connect',
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': `AKIDEXAMPLE/${day}/eu-west-1/kafka-cluster/aws4_request`,
    'x-amz-security-token': 'session',
    'x-amz-signedheaders': 'host',
    'x-amz-signature': signatureOf(payload),
  }
  return Object.entries(expected).find(([name, value]) => payload[name as keyof Payload] !== value)?.[0]
}

describe('brokers that ask for AWS_MSK_IAM', () => {
  let cluster: TestCluster
  const authenticated = new Set<number>()
  const tooEarly: string[] = []
  const mechanisms = new Set<string>()
  const refused = new Set<string>()

  beforeAll(async () => {
    cluster = await createCluster({
      brokers: 1,
      logger: silentLogger,
      configs: { 'group.initial.rebalance.delay.ms': 0 },
    })
    cluster.on('SaslHandshake', ({ mechanism }) => {
      mechanisms.add(mechanism)
      return { errorCode: ErrorCode.NONE, mechanisms: ['AWS_MSK_IAM'] }
    })
    cluster.on('SaslAuthenticate', ({ authBytes }, { sessionId }) => {
      const problem = problemOf(JSON.parse(authBytes.toString()) as Payload)
      if (problem !== undefined) {
        refused.add(problem)
        const errorMessage = '[0f0f]: Access denied'
        return { errorCode: ErrorCode.SASL_AUTHENTICATION_FAILED, errorMessage, authBytes: Buffer.alloc(0) }
      }
      authenticated.add(sessionId)
      const answer = JSON.stringify({ version: '2020_10_22', 'request-id': '0f0f' })
      return { errorCode: ErrorCode.NONE, errorMessage: null, authBytes: Buffer.from(answer) }
    })
    for (const api of [
      'Metadata',
      'Produce',
      'Fetch',
      'FindCoordinator',
      'JoinGroup',
      'CreateTopics',
    ] as const) {
      cluster.on(api, (_, { sessionId, clientId }) => {
        if (!authenticated.has(sessionId)) tooEarly.push(`${api} by ${clientId}`)
      })
    }
  })
  afterAll(() => cluster.close())

  compareProgram(() => ({ program: 'msk-iam', brokers: cluster.bootstrap }), {
    'messages go and come': ['one', 'two'],
    'what the mechanism logs': [
      'Authentication response: {"version":"2020_10_22","request-id":"0f0f"}',
      'SASL AWS_MSK_IAM authentication successful, true',
    ],
    'a wrong secret': failure(/\[0f0f\]: Access denied/),
  })

  it('9.5: nothing is asked on a connection before it is authenticated, and nothing but a signature was wrong', () => {
    expect({ mechanisms: [...mechanisms], refused: [...refused], tooEarly }).toEqual({
      mechanisms: ['AWS_MSK_IAM'],
      refused: ['x-amz-signature'],
      tooEarly: [],
    })
    expect(authenticated.size).toBeGreaterThan(4)
  })
})
