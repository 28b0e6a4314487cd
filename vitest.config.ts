import { defineConfig } from 'vitest/config';

// Rooms of tests, by the level at which the behaviour could break. Only contract, crash and e2e tests
// need Azurite: one instance for the whole run, started by the global set-up.
const onAzurite = (name: string, timeout: number) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    globalSetup: ['test/azurite.global.ts'],
    testTimeout: timeout,
    hookTimeout: timeout,
    pool: 'forks' as const,
  },
});

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 60_000 } },
      { test: { name: 'failures', include: ['test/failures/**/*.test.ts'], testTimeout: 180_000 } },
      { test: { name: 'chaos', include: ['test/chaos/**/*.test.ts'], testTimeout: 120_000 } },
      // Chromium: what a report does in a browser.
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      onAzurite('contract', 120_000),
      onAzurite('crash', 300_000),
      onAzurite('e2e', 600_000),
    ],
  },
});
