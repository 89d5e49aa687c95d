import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/simulation/seeds.test.ts', 'test/simulation/mutants.test.ts'],
    env: { TZ: 'Pacific/Auckland' },
    testTimeout: 800_000,
  },
});
