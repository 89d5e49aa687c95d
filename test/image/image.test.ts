import { expect, inject, it } from 'vitest';
import { dockerAt } from './docker.ts';

const docker = dockerAt(inject('dockerHost'));

it('has a user by number that is not root', async () => {
  expect(await docker(['image', 'inspect', '--format', '{{.Config.User}}', inject('image')])).toBe('1000:1000');
});
