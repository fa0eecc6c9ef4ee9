/** All projects run from source; type errors are found by `npm run typecheck`, not here. */
const base = {
  testEnvironment: 'node',
  moduleNameMapper: {
    '^typed-kafka$': '<rootDir>/src/index.ts',
    '^typed-kafka/testing$': '<rootDir>/src/testing/index.ts',
    '^typed-kafka/kafkajs$': '<rootDir>/src/kafkajs/index.ts',
  },
  transform: {
    '^.+\\.ts$': ['<rootDir>/test/support/typescript-transformer.cjs', { tsconfig: 'tsconfig.jest.json' }],
  },
}

/** Real brokers: the suites of a run share them through the global set-up. */
const realKafka = {
  globalSetup: '<rootDir>/test/kafka/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/kafka/support/global-teardown.ts',
  setupFilesAfterEnv: ['<rootDir>/test/kafka/support/jest-setup.ts'],
}

/**
 * Where the machine is busy and not watched, a test that is only slow must not fail; one that hangs still does. Jest takes
 * it for all projects only; that with real Kafka sets its own.
 */
const patience = process.env.CI ? { testTimeout: 20_000 } : {}

const suites = (...folders) => folders.map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`)

module.exports = {
  maxWorkers: 2,
  ...patience,
  reporters: ['default', '<rootDir>/test/support/not-run-reporter.cjs'],
  projects: [
    {
      ...base,
      displayName: 'unit',
      testMatch: suites('unit', 'golden', 'in-process', 'simulation'),
    },
    // Installs the packages of test/drop-in/package.json first, if they are not there.
    {
      ...base,
      globalSetup: '<rootDir>/test/drop-in/support/global-setup.ts',
      globalTeardown: '<rootDir>/test/drop-in/support/global-teardown.ts',
      setupFilesAfterEnv: realKafka.setupFilesAfterEnv,
      displayName: 'drop-in',
      testMatch: suites('drop-in'),
    },
    {
      ...base,
      ...realKafka,
      displayName: 'kafka',
      testMatch: suites('kafka', 'contract', 'cluster', 'examples'),
    },
  ],
}
