import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/postgres/**/*.test.ts'],
    globalSetup: ['test/postgres/postgres-server.ts'],
    env: { TZ: 'Pacific/Auckland' },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
