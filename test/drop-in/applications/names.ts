import * as kafkajs from 'kafkajs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { application } from './support/application.js'

// What programs and tools can ask for by the name `kafkajs`: the names of the module, and the files of the package.

const ownRequire = createRequire(join(process.cwd(), 'names.js'))
const added = ['default', 'module.exports', '__esModule']

void application(async ({ check }) => {
  await check('names', async () =>
    Object.keys(kafkajs)
      .filter((each) => !added.includes(each))
      .sort(),
  )
  await check('every value is there', async () =>
    Object.values(kafkajs).every((value) => value !== undefined),
  )
  await check('the version is one that instrumentation looks for', async () => {
    const { version } = ownRequire('kafkajs/package.json') as { version: string }
    const [major, minor, patch] = version.split('.').map(Number) as [number, number, number]
    return major === 2 && (minor > 2 || (minor === 2 && patch >= 4))
  })
  await check(
    "the file of the class is the class; those of its clients' factories are functions",
    async () => [
      ownRequire('kafkajs/src/index.js') === kafkajs.Kafka,
      typeof ownRequire('kafkajs/src/producer/index.js'),
      typeof ownRequire('kafkajs/src/consumer/index.js'),
    ],
  )
  await check('required and imported it is the same class', async () => {
    const { Kafka } = ownRequire('kafkajs') as typeof kafkajs
    return Kafka === kafkajs.Kafka
  })
})
