/** All projects run from source; type errors are found by `npm run typecheck`, not here. */
const base = {
  testEnvironment: 'node',
  moduleNameMapper: {
    '^typed-kafka$': '<rootDir>/src/index.ts',
    '^typed-kafka/testing$': '<rootDir>/src/testing/index.ts',
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

const suites = (...folders) => folders.map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`)

module.exports = {
  maxWorkers: 2,
  reporters: ['default', '<rootDir>/test/support/not-run-reporter.cjs'],
  projects: [
    { ...base, displayName: 'unit', testMatch: suites('unit', 'golden', 'in-process', 'simulation') },
    {
      ...base,
      ...realKafka,
      displayName: 'kafka',
      testMatch: suites('kafka', 'contract', 'cluster', 'examples'),
    },
  ],
}
