import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { startJava } from '../support/java-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Base URL of the HAPI server that all these tests share; each keeps to keys and Patients of its own. */
    hapi: string;
    /** The same server and data, where HL7's validator is over every request. */
    validatingHapi: string;
  }
}

/** Starts HAPI, and stops it when the tests are over. */
export default async function withHapi(project: TestProject): Promise<() => Promise<void>> {
  const home = fileURLToPath(new URL('server', import.meta.url));
  const { url, stop } = await startJava({ name: 'hapi', home, main: 'HapiServer', memory: '1500m' });
  project.provide('hapi', url);
  project.provide('validatingHapi', url.replace(/\/fhir$/, '/validating'));
  return stop;
}
