import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** One call of Docker's command line; gives what it printed, throws with what it complained of. */
export type Docker = (args: readonly string[], options?: { readonly timeoutMs?: number }) => Promise<string>;

export const dockerAt =
  (host: string): Docker =>
  async (args, { timeoutMs = 0 } = {}) => {
    const env = { ...process.env, DOCKER_HOST: host };
    const { stdout } = await run('docker', [...args], { env, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 });
    return stdout.trim();
  };
