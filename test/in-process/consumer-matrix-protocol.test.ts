// Guards the end of every error code that the coordinator can say to a member of the KIP-848 protocol: it gets back in, or its user is told, and nothing is lost, read twice or committed before it was finished.
import { ArmedErrors, outcomesByName } from './support/case-runner'
import { consumerProtocolEndings } from './support/consumer-endings'
import { ConsumerMatrix } from './support/consumer-matrix'
import { allCodes, endingsByCode, type NamedCode } from './support/endings-table'

/** A member that was not answered for nine intervals takes itself for thrown out: on a busy machine they must not be short. */
const configs = {
  'group.consumer.min.heartbeat.interval.ms': 200,
  'group.consumer.heartbeat.interval.ms': 200,
  'group.consumer.assignment.interval.ms': 0,
}
let matrix: ConsumerMatrix

beforeEach(async () => {
  const names = allCodes.map(({ name }) => name)
  matrix = await ConsumerMatrix.create(names, { groupProtocol: 'consumer' }, configs)
})
afterEach(() => matrix.close())

const expectedAt = (place: keyof typeof consumerProtocolEndings) =>
  endingsByCode(consumerProtocolEndings[place])

test.each([
  ['join', 'ConsumerGroupHeartbeat'],
  ['offsetFetch', 'OffsetFetch'],
] as const)(
  'G11 K6 C3: %s: each code in the first answer of %s',
  async (place, api) => {
    const errors = new ArmedErrors(matrix.cluster, api)
    const run = (one: NamedCode) => matrix.atFirst(errors, one)
    expect(await outcomesByName(allCodes, run)).toEqual(expectedAt(place))
  },
  30_000,
)

test('G11 K6: each code for a heartbeat of a member', async () => {
  const errors = new ArmedErrors(matrix.cluster, 'ConsumerGroupHeartbeat')
  const run = async ({ name, code }: NamedCode) => {
    await using reader = matrix.reader(name)
    return await matrix.inTheMiddle(reader, name, async () => {
      errors.arm(name, code)
      await reader.reads(() => errors.wasUsed(name), 'a heartbeat')
    })
  }
  expect(await outcomesByName(allCodes, run)).toEqual(expectedAt('heartbeat'))
}, 30_000)

test('G15 K6: each code for the request to leave does not keep a close, nor its commit', async () => {
  const errors = new ArmedErrors(matrix.cluster, 'ConsumerGroupHeartbeat', {
    where: (request) => (request as { memberEpoch: number }).memberEpoch === -1,
  })
  const run = (one: NamedCode) => matrix.atLeaving(errors, one)
  expect(await outcomesByName(allCodes, run)).toEqual(expectedAt('leave'))
}, 30_000)

test('C14 G9: each code for a commit of the user', async () => {
  const errors = new ArmedErrors(matrix.cluster, 'OffsetCommit')
  const run = (one: NamedCode) => matrix.atCommit(errors, one)
  expect(await outcomesByName(allCodes, run)).toEqual(expectedAt('commit'))
}, 30_000)
