import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/hapi/**/*.test.ts'],
    globalSetup: ['test/hapi/hapi-server.ts'],
    env: { TZ: 'Pacific/Auckland' },
    // HAPI takes most of two cores.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
