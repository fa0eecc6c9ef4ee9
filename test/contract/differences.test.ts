// Guards against a table of differences that says more than the suites see: a difference that nobody asks for is none.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { differences } from './differences'

describe('the table of differences from real Kafka', () => {
  const suites = readdirSync(__dirname)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(__dirname, name), 'utf8'))

  it.each(Object.keys(differences))('has %s in a suite', (id) => {
    expect(suites.filter((text) => text.includes(`expected('${id}'`))).not.toEqual([])
  })

  it.each(Object.entries(differences))('gives the reason for %s', (_, { reason, versions }) => {
    expect(reason.length).toBeGreaterThan(20)
    expect(versions.length).toBeGreaterThan(0)
  })
})
