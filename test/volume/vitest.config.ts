import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/volume/**/*.test.ts'],
    globalSetup: ['test/volume/hapi-on-postgres.ts'],
    env: { TZ: 'Pacific/Auckland' },
    // HAPI takes most of two cores.
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 60_000,
  },
});
