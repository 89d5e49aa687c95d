import { execFile } from 'node:child_process';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Docker } from './docker.ts';

const run = promisify(execFile);
/** The one the Dockerfile names. */
const official = 'node:24-bookworm-slim';
const standIn = 'dialog-health-fhir-stand-in:node-24';
const pullMs = 180_000;

/** The base image the Dockerfile names; where it cannot be pulled, a stand-in with the same programs and user. */
export async function baseImage(docker: Docker): Promise<string> {
  const there = await docker(['image', 'inspect', official]).catch(() => undefined);
  if (there !== undefined) return official;
  const pulled = await docker(['pull', '-q', official], { timeoutMs: pullMs }).catch(() => undefined);
  if (pulled !== undefined) return official;
  await makeStandIn(docker);
  return standIn;
}

/** Debian with this Node 24, this machine's npm and certificates, and the user `node` of the official image. */
async function makeStandIn(docker: Docker): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'dialog-health-fhir-base-'));
  try {
    const archive = join(folder, 'root.tar');
    const certificates = process.env['NODE_EXTRA_CA_CERTS'] ?? '';
    const hook = [
      'cd "$1"',
      'mkdir -p usr/local/bin usr/local/lib/node_modules home/node',
      'echo node:x:1000: >> etc/group',
      'echo node:x:1000:1000::/home/node:/bin/sh >> etc/passwd',
      'chown 1000:1000 home/node',
      `cp -L '${process.execPath}' usr/local/bin/node`,
      `cp -RL '${await npmFolder()}' usr/local/lib/node_modules/npm`,
      'ln -s ../lib/node_modules/npm/bin/npm-cli.js usr/local/bin/npm',
      ...(certificates === '' ? [] : [`cp -L '${certificates}' etc/ssl/certs/extra.pem`]),
    ].join(' && ');
    const options = ['--quiet', '--variant=minbase', '--include=ca-certificates', `--customize-hook=${hook}`];
    await run('mmdebstrap', [...options, 'bookworm', archive]);
    const registry = (await run('npm', ['config', 'get', 'registry'])).stdout.trim();
    const environment = [
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      `NPM_CONFIG_REGISTRY=${registry}`,
      ...(certificates === '' ? [] : ['NODE_EXTRA_CA_CERTS=/etc/ssl/certs/extra.pem']),
    ];
    await docker(['import', ...environment.flatMap((each) => ['--change', `ENV ${each}`]), archive, standIn]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** npm is a folder of JavaScript beside the machine's own Node. */
async function npmFolder(): Promise<string> {
  const { stdout } = await run('sh', ['-c', 'command -v npm']);
  return dirname(dirname(await realpath(stdout.trim())));
}
