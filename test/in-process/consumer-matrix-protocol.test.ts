// Guards the end of every error code that the coordinator can say to a member of the KIP-848 protocol: it gets back in, or its user is told, and nothing is lost, read twice or committed before it was finished.
import { ArmedErrors, errorOf, outcomesByName } from './support/case-runner'
import { consumerProtocolEndings } from './support/consumer-endings'
import { codeOf, ConsumerMatrix } from './support/consumer-matrix'
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
    const run = ({ name, code }: NamedCode) =>
      matrix.atStart(
        name,
        () => errors.arm(name, code),
        () => errors.wasUsed(name),
      )
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
  const run = async ({ name, code }: NamedCode) => {
    await matrix.writer.write(name, 0, 2)
    const reader = matrix.reader(name)
    reader.start()
    await reader.readsAll(2)
    errors.arm(name, code)
    await reader.close()
    if (!errors.wasUsed(name)) return 'was never told'
    const committed = matrix.committed(name)
    return reader.error === undefined && committed === '1 1' ? 'goes on' : `leaves ${committed}`
  }
  expect(await outcomesByName(allCodes, run)).toEqual(expectedAt('leave'))
}, 30_000)

test('C14 G9: each code for a commit of the user', async () => {
  const errors = new ArmedErrors(matrix.cluster, 'OffsetCommit')
  const run = async ({ name, code }: NamedCode) => {
    await using reader = matrix.reader(name, { autoCommit: false })
    let error: unknown
    const ending = await matrix.inTheMiddle(reader, name, async () => {
      errors.arm(name, code)
      error = await errorOf(reader.consumer.commit())
    })
    if (!errors.wasUsed(name)) return 'was never told'
    if (ending === 'ends') return ending
    await reader.consumer.commit()
    if (matrix.committed(name) !== '2 2') return `leaves ${matrix.committed(name)}`
    if (ending === 'reads again') return codeOf(error) === 'COMMIT_FAILED' ? ending : `says ${String(error)}`
    if (ending !== 'goes on' || error === undefined) return ending
    return codeOf(error) === name ? 'fails' : `says ${String(error)}`
  }
  expect(await outcomesByName(allCodes, run)).toEqual(expectedAt('commit'))
}, 30_000)
