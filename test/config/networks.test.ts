import { describe, expect, it } from 'vitest';
import { networks } from '../../src/config/readers.ts';

describe('a list of networks', () => {
  it.each([
    ['', []],
    ['10.0.0.7', ['10.0.0.7']],
    ['10.0.0.0/8, fd00::/8', ['10.0.0.0/8', 'fd00::/8']],
  ])('reads "%s"', (text, value) => {
    expect(networks(text)).toEqual({ kind: 'value', value });
  });

  it.each(['proxy.example.org', '10.0.0.0/33', 'fd00::/129', '10.0.0.0/8/8', '10.0.0', 'loopback, 10.0.0.1'])(
    'refuses "%s"',
    (text) => {
      expect(networks(text)).toMatchObject({ kind: 'problem' });
    },
  );
});
