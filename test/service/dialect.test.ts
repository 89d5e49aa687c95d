import type { Communication } from 'fhir/r4.js';
import { describe, expect, it } from 'vitest';
import type { TranslateConfig } from '../../src/config/config.ts';
import { Secret } from '../../src/config/secret.ts';
import { chooseDialect, makeMappings } from '../../src/dialect.ts';
import type { Fault, Judgement } from '../../src/exchange/delivery.ts';
import type { Problem, ProblemCode } from '../../src/exchange/problem.ts';

const signal = new AbortController().signal;

const configOf = (dialect: string): TranslateConfig => ({
  sources: [{ name: 'main-clinic', console: 'SAMPLE01', patient: {} }],
  destination: { dialect },
  patient: { reference: 'literal', from: 'personId', system: '', missing: 'wait', maxWait: 1, verify: 'none' },
  mapping: {
    folder: 'dialog-health',
    canonicalBase: 'https://fhir.example-health.org',
    region: 'US',
    keySecret: new Secret(''),
    organization: { system: '', value: '', display: '', reference: '' },
    profile: false,
    narrative: false,
    labels: [],
  },
});

/** An EHR that judges by the code of the medium. */
function judging(judge: (code: string | undefined) => Judgement) {
  const shown: (string | undefined)[] = [];
  return {
    shown,
    judge(resource: Communication): Promise<Judgement> {
      const code = resource.medium?.[0]?.coding?.[0]?.code;
      shown.push(code);
      return Promise.resolve(judge(code));
    },
  };
}

const medium: Fault = { where: 'Communication.medium[0].coding[0]', issue: 'code-invalid' };
const refused = (...faults: readonly Fault[]): Judgement => ({ kind: 'refused', faults });
const unknown = (code: ProblemCode): Judgement => ({ kind: 'unknown', problem: { code } });
const frozen = (code: string | undefined): Judgement => (code === 'SMSWRIT' ? refused(medium) : { kind: 'accepted' });

describe('destination.dialect auto', () => {
  it('is r4-strict where the EHR refuses SMSWRIT and accepts what stands for it', async () => {
    const ehr = judging(frozen);
    expect(await chooseDialect(configOf('auto'), ehr, signal)).toMatchObject({ kind: 'chosen', dialect: 'r4-strict' });
    expect(ehr.shown).toEqual(['SMSWRIT', 'WRITTEN']);
  });

  it('is r4-strict also where the EHR finds something else wrong besides', async () => {
    const other: Fault = { where: 'Communication.subject', issue: 'not-found' };
    const ehr = judging((code) => (code === 'SMSWRIT' ? refused(other, medium) : refused(other)));
    expect(await chooseDialect(configOf('auto'), ehr, signal)).toMatchObject({ dialect: 'r4-strict' });
  });

  it.each([
    ['accepts the example', { kind: 'accepted' }, 'accepts an example'],
    ['offers no validation', { kind: 'not-offered' }, 'offers no $validate'],
    ['refuses another element', refused({ where: 'Communication.subject' }), 'for another reason'],
    ['refuses without saying what', refused({}), 'for another reason'],
    ['refuses the medium in either dialect', refused(medium), 'for another reason'],
  ] as const)('is r4 where the EHR %s', async (_, judgement, why) => {
    const ehr = judging(() => judgement);
    expect(await chooseDialect(configOf('auto'), ehr, signal)).toMatchObject({
      kind: 'chosen',
      dialect: 'r4',
      why: expect.stringContaining(why),
    });
  });

  it('is not told by an EHR that does not answer', async () => {
    const ehr = judging(() => unknown('ehr-unreachable'));
    expect(await chooseDialect(configOf('auto'), ehr, signal)).toEqual({
      kind: 'unknown',
      problem: { code: 'ehr-unreachable' },
    });
  });
});

describe('a dialect that is set', () => {
  it.each(['r4', 'r4-strict'])('%s is not asked for', async (dialect) => {
    const ehr = judging(frozen);
    expect(await chooseDialect(configOf(dialect), ehr, signal)).toMatchObject({ kind: 'chosen', dialect });
    expect(ehr.shown).toEqual([]);
  });
});

describe('the mappings for what is sent', () => {
  it('are made in the dialect', async () => {
    const made = await makeMappings(configOf('auto'), judging(frozen))(signal);
    expect(made).toMatchObject({ dialect: 'r4-strict' });
    expect('bySource' in made && [...made.bySource.keys()]).toEqual(['main-clinic']);
  });

  it.each<Problem>([{ code: 'ehr-unreachable' }, { code: 'ehr-server-error', httpStatus: 503 }])(
    'are waited for as long as the EHR is down or busy: %j',
    async (problem) => {
      const mappings = makeMappings(
        configOf('auto'),
        judging(() => ({ kind: 'unknown', problem })),
      );
      for (let times = 0; times < 10; times += 1) expect(await mappings(signal)).toEqual(problem);
    },
  );

  it.each(['ehr-forbidden', 'ehr-server-error', 'ehr-unexpected-answer'] as const)(
    'are those of r4 once $validate has given nothing of use three times: %s',
    async (code) => {
      const mappings = makeMappings(
        configOf('auto'),
        judging(() => unknown(code)),
      );
      expect(await mappings(signal)).toEqual({ code });
      expect(await mappings(signal)).toEqual({ code });
      expect(await mappings(signal)).toMatchObject({ dialect: 'r4', why: expect.stringContaining(code) });
    },
  );

  it('are refused at start where a dialect that may be chosen has a mistake', () => {
    const config = configOf('auto');
    const broken = { ...config, mapping: { ...config.mapping, folder: './nowhere-at-all' } };
    expect(() => makeMappings(broken, judging(frozen))).toThrow('cannot be read (ENOENT)');
  });
});
