import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { baseImage } from './base-image.ts';
import { dockerAt } from './docker.ts';
import { findOrStartEngine } from './engine.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the engine, as in DOCKER_HOST. */
    dockerHost: string;
    /** The image that was built from the Dockerfile. */
    image: string;
  }
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Builds the image from the Dockerfile as it is; takes away what it made. */
export default async function withImage(project: TestProject): Promise<() => Promise<void>> {
  const engine = await findOrStartEngine();
  try {
    const docker = dockerAt(engine.host);
    const image = `dialog-health-fhir-test:${process.pid}`;
    const base = await baseImage(docker);
    await docker(['build', '--network', 'host', '--build-arg', `NODE_IMAGE=${base}`, '-t', image, root]);
    project.provide('dockerHost', engine.host);
    project.provide('image', image);
    return async () => {
      await docker(['image', 'rm', '--force', image]);
      await engine.close();
    };
  } catch (error) {
    await engine.close();
    throw error;
  }
}
