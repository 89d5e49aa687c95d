import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { startJava } from '../support/java-server.ts';
import { startPostgres } from '../support/postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Base URL of a HAPI server whose data is in PostgreSQL: in memory it would grow slow before the end. */
    largeHapi: string;
  }
}

/** Starts PostgreSQL and HAPI, and stops them when the tests are over. */
export default async function withHapiOnPostgres(project: TestProject): Promise<() => Promise<void>> {
  const { url, stop } = await startHapiOnPostgres();
  project.provide('largeHapi', url);
  return stop;
}

export async function startHapiOnPostgres(): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const port = await freePort();
  const postgres = await startPostgres(port);
  try {
    const hapi = await startJava({
      name: 'hapi',
      home: fileURLToPath(new URL('../hapi/server', import.meta.url)),
      main: 'HapiServer',
      memory: '2g',
      environment: { HAPI_DB_URL: `jdbc:postgresql://127.0.0.1:${port}/postgres` },
    });
    return { url: hapi.url, stop: () => hapi.stop().then(postgres.stop) };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
