// Guards the options of share consumers: what is wrong is said at once and all together, and the guide names every option
// with the default that it has.
import { readFileSync } from 'node:fs'
import { InvalidOptionError } from '../../../src/base/errors'
import {
  resolveShareConsumerOptions,
  type ShareConsumerOptions,
} from '../../../src/share/share-consumer-options'

const least = { groupId: 'workers', topics: ['orders'] }

test('all that is wrong with the options is said in one error', () => {
  const wrong: object = {
    topics: ['a', 'a'],
    maxPollRecords: 0,
    acquireMode: 'all',
    startFrom: 'latest',
    prefetch: 1,
  }
  const resolve = () => resolveShareConsumerOptions(wrong as ShareConsumerOptions)
  expect(resolve).toThrow(InvalidOptionError)
  for (const part of ['groupId', 'maxPollRecords', 'acquireMode', 'share.auto.offset.reset', 'prefetch']) {
    expect(resolve).toThrow(part)
  }
})

test('the guide has every option, with its default', () => {
  const guide = readFileSync('docs/share-groups.md', 'utf8')
  const options = guide.slice(guide.indexOf('## Options'), guide.indexOf('## Configs of the group'))
  const rows = options.split('\n').filter((line) => line.startsWith('| `'))
  for (const [name, value] of Object.entries(resolveShareConsumerOptions(least))) {
    const row = rows.find((line) => line.split('|')[1]?.includes(`\`${name}\``))
    expect([name, row]).toEqual([name, expect.any(String)])
    if (name in least || value === undefined) continue
    const shown = row?.split('|')[2]?.trim().replaceAll('`', '').replaceAll("'", '')
    expect([name, shown]).toEqual([name, String(value)])
  }
})
