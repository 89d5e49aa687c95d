import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ExplainedTranslation } from '../../src/exchange/explanation.ts';
import { runProgram } from '../support/program.ts';
import type { SampleRow } from '../support/sample-rows.ts';

const sample = 'test/fixtures/sample-response.json';
const sampleText = readFileSync(sample, 'utf8');
const answer: { readonly requestId: string; readonly response: readonly SampleRow[] } = JSON.parse(sampleText);

const bundleIn = (stdout: string): fhir4.Bundle<fhir4.Communication> => JSON.parse(stdout);

describe('translate', () => {
  it('gives a Bundle for a vendor answer in a file, without any configuration', async () => {
    const { code, stdout, stderr } = await runProgram(['translate', sample]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { resourceType, type, entry = [] } = bundleIn(stdout);
    expect({ resourceType, type }).toEqual({ resourceType: 'Bundle', type: 'batch' });
    expect(entry.length).toBeGreaterThanOrEqual(answer.response.length);
    expect(
      entry.filter(
        ({ fullUrl, request, resource }) =>
          resource?.resourceType !== 'Communication' ||
          fullUrl !== `urn:uuid:${resource.id}` ||
          request?.method !== 'PUT' ||
          request.url !== `Communication/${resource.id}`,
      ),
    ).toEqual([]);
  });

  it('gives the same for one on standard input', async () => {
    const [file, none, dash] = await Promise.all([
      runProgram(['translate', sample]),
      runProgram(['translate'], { stdin: sampleText }),
      runProgram(['translate', '-'], { stdin: sampleText }),
    ]);
    expect([none, dash]).toEqual([file, file]);
  });

  it('takes one row alone, as an example has it', async () => {
    const row = JSON.stringify(answer.response[0]);
    const [alone, list] = await Promise.all([
      runProgram(['translate'], { stdin: row }),
      runProgram(['translate'], { stdin: `[${row}]` }),
    ]);
    expect(list.code).toBe(0);
    expect(alone).toEqual(list);
  });

  it('gives the same again, and in another zone', async () => {
    const [first, second] = await Promise.all([
      runProgram(['translate', sample]),
      runProgram(['translate', sample], { env: { TZ: 'America/Chicago' } }),
    ]);
    expect(second.stdout).toBe(first.stdout);
  });

  it('goes by the environment where that says something', async () => {
    const env = { CANONICAL_BASE: 'https://fhir.hospital.example.org', PATIENT_REFERENCE: 'identifier' };
    const { code, stdout } = await runProgram(['translate', sample], { env });
    expect(code).toBe(0);
    expect(stdout).toContain('https://fhir.hospital.example.org/');
    expect(stdout).not.toContain('"Patient/');
  });

  it.each(['/run/none.json', 'src'])('refuses a file that cannot be read: %s', async (file) => {
    expect(await runProgram(['translate', file])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: `${file} cannot be read. Give a file with a vendor answer, or none to read standard input.\n`,
    });
  });

  it.each([
    ['a page', '<html><body>Maintenance</body></html>'],
    ['nothing', ''],
    ['an object without a list', '{"message": "Service down"}'],
    ['a text', '"down"'],
    ['half an answer', sampleText.slice(0, sampleText.length / 2)],
  ])('fails on %s with one line and no Bundle', async (_what, stdin) => {
    const { code, stdout, stderr } = await runProgram(['translate'], { stdin });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^[a-z-]+: [A-Z].+\.\n$/);
  });

  it('gives an empty Bundle for an answer without rows', async () => {
    const { code, stdout } = await runProgram(['translate'], { stdin: '{"requestId": "r", "response": []}' });
    expect(code).toBe(0);
    expect(bundleIn(stdout).entry ?? []).toEqual([]);
  });

  it('gives what it can of an answer with a row that it cannot read, and tells that row by its number', async () => {
    const [first, second, ...others] = answer.response;
    const response = [first, { ...second, outgoingMessageSentDate: 'canary7f3a' }, ...others];
    const whole = await runProgram(['translate', sample]);
    const { code, stdout, stderr } = await runProgram(['translate'], {
      stdin: JSON.stringify({ ...answer, response }),
    });
    expect(code).toBe(3);
    expect(stderr).toMatch(/^row 2: unreadable-row: .+ \(outgoingMessageSentDate\)\n$/);
    expect(stderr).not.toContain('canary7f3a');
    const rest = bundleIn(stdout).entry ?? [];
    const urls = rest.map(({ fullUrl }) => fullUrl);
    const all = bundleIn(whole.stdout).entry ?? [];
    expect(rest).toEqual(all.filter(({ fullUrl }) => urls.includes(fullUrl)));
    expect(rest).toHaveLength(all.length - 1);
  });

  it('says nothing of the persons in what it tells', async () => {
    const response = answer.response.map((row) => ({ ...row, outgoingMessageSentTime: '99:99' }));
    const { code, stderr } = await runProgram(['translate'], { stdin: JSON.stringify({ ...answer, response }) });
    expect(code).toBe(3);
    const said = answer.response.flatMap(({ personName, personId, mobileNumber, outgoingMessage }) => [
      personName,
      personId,
      mobileNumber,
      outgoingMessage,
    ]);
    expect(said.filter((text) => text !== null && text !== undefined && text !== '' && stderr.includes(text))).toEqual(
      [],
    );
  });

  describe('with --explain', () => {
    it('shows each message with its elements, their values and what made them', async () => {
      const { code, stdout, stderr } = await runProgram(['translate', sample, '--explain']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const { stdout: bundle } = await runProgram(['translate', sample]);
      expect(stdout.match(/^message \S+ \(\w+\): a Communication$/gm)).toHaveLength(
        bundleIn(bundle).entry?.length ?? 0,
      );
      expect(stdout).toMatch(
        /^ {2}identifier\[0\]\.value +"\w+" +<- =lower\(outgoingMessageId\) +dialog-health\/\S+:\d+$/m,
      );
      expect(stdout).toMatch(
        /^ {2}table outcome +row \d+ +<- delivered, messageStatus +dialog-health\/codes\.yaml:\d+$/m,
      );
    });

    it('and --json gives the Bundle beside the explanations', async () => {
      const [explained, plain] = await Promise.all([
        runProgram(['translate', sample, '--explain', '--json']),
        runProgram(['translate', sample, '--json']),
      ]);
      const { bundle, unreadable, explanations }: ExplainedTranslation = JSON.parse(explained.stdout);
      expect(bundle).toEqual(bundleIn(plain.stdout));
      expect(unreadable).toEqual([]);
      expect(explanations.map(({ key }) => `urn:uuid:${key}`)).toEqual(bundle.entry?.map(({ fullUrl }) => fullUrl));
      expect(explanations.map(({ elements }) => elements.length).every((count) => count > 20)).toBe(true);
    });

    it('explains what is kept out of the chart, or rejected, and tells rows that cannot be read', async () => {
      const [first, second, third] = answer.response;
      const response = [
        { ...first, recipientType: 'STAFF' },
        { ...second, recipientType: 'NEIGHBOUR' },
        { ...third, outgoingMessageSentDate: 'canary7f3a' },
      ];
      const stdin = JSON.stringify({ ...answer, response });
      const [text, json] = await Promise.all([
        runProgram(['translate', '--explain'], { stdin }),
        runProgram(['translate', '--explain', '--json'], { stdin }),
      ]);
      expect([text.code, json.code]).toEqual([3, 3]);
      expect(text.stderr).toBe(json.stderr);
      expect(text.stderr).toMatch(/^row 3: unreadable-row: .+$/m);
      expect(text.stdout).toMatch(/^message \S+ \(outgoing\): skipped: not-for-a-chart: .+$/m);
      expect(text.stdout).toMatch(/^ {2}table who +row 3: skip +<- recipientType +dialog-health\/codes\.yaml:\d+$/m);
      expect(text.stdout).toMatch(/^message \S+ \(outgoing\): rejected: recipient-type-unknown: .+$/m);
      const { bundle, unreadable, explanations }: ExplainedTranslation = JSON.parse(json.stdout);
      expect(bundle.entry).toBeUndefined();
      expect(unreadable).toMatchObject([{ position: 2, code: 'unreadable-row', where: 'outgoingMessageSentDate' }]);
      expect(explanations.map(({ outcome }) => outcome)).toEqual(['skipped', 'rejected']);
    });
  });

  it('is refused by a wrong mapping setting, not by a wrong other one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'commands-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'ours.yaml');
    writeFileSync(file, 'http: {port: many}\nmapping: {region: us}\n');
    const { code, stdout, stderr } = await runProgram(['translate', sample, '--config', file]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`${file}:2 mapping.region: "us" is not a country’s two capital letters.`);
    expect(stderr).not.toContain('port');
  });
});
