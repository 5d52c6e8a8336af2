// Node strips the types itself; no transform. Run with --experimental-vm-modules (see package.json).
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {},
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testTimeout: 60_000,
  // Jest would leave one of two cores idle; half of the suite's time is spent waiting for engines and receivers.
  maxWorkers: 2,
};
