import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bothSides, type BothSides } from '../support/both-sides.ts';
import { runProgram, type Ended } from '../support/program.ts';

let sides: BothSides;
let folder: string;

beforeEach(async () => {
  sides = await bothSides();
  folder = join(sides.ledgerFolder, 'our-mapping');
  mkdirSync(folder);
});

afterEach(() => sides.close());

/** `check` with an extension of the site's own, and no examples for it. */
function checkWith(extension: string): Promise<Ended> {
  writeFileSync(join(folder, 'outgoing.yaml'), `extension:\n  - ${extension}\n`);
  return runProgram(['check', '--config', sides.configFile], { env: { MAPPING_FOLDER: folder } });
}

describe('check', () => {
  it('validates what the examples become as the site has set it up', async () => {
    const ended = await checkWith('{ url: "https://site.example/clinic", valueString: =trim(personMisc1) }');
    expect(ended.stdout).toMatch(
      /examples give what they should; \S+ has no examples, and those below it prove nothing of it; \d{2} Communications, of all examples by your settings, are valid FHIR R4/,
    );
    expect(ended.stdout).toContain(` < ${folder}: loaded`);
    expect(ended.code).toBe(0);
  });

  it('tells the example and the element where full validation finds what the check of each record lets through', async () => {
    const ended = await checkWith(
      '{ url: "https://site.example/phone", valueContactPoint: { value: =text(mobileNumber) } }',
    );
    expect(ended.stdout + ended.stderr).toMatch(
      /delivered: Communication\.extension\[\d+\]\.valueContactPoint: Constraint cpt-2 not met/,
    );
    expect(ended.code).not.toBe(0);
  });

  it("takes an extension of the site's own below its canonical base", async () => {
    const ended = await checkWith('{ url: =base(StructureDefinition/clinic), valueString: =text(outgoingMessage) }');
    expect(ended.code).toBe(0);
  });

  it('tells an extension that is called as those of the program, and is none of them', async () => {
    const ended = await checkWith(
      '{ url: =base(StructureDefinition/sms-clinic), valueString: =text(outgoingMessage) }',
    );
    expect(ended.stdout + ended.stderr).toMatch(
      /delivered: Communication\.extension\[\d+\]: is defined nowhere; urls that begin with \S+\/sms- are those of this program/,
    );
    expect(ended.code).not.toBe(0);
  });
});
