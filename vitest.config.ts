import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Each of these needs a server, an engine or minutes; each has its own npm script (README, "Tests").
    exclude: [
      'test/postgres/**',
      'test/volume/**',
      'test/hapi/**',
      'test/conformance/**',
      'test/image/**',
      'test/package/**',
      'test/simulation/{seeds,mutants}.test.ts',
    ],
    env: { TZ: 'Pacific/Auckland' },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
