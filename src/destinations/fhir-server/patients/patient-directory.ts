import { hourMs, type Instant } from '../../../exchange/window.ts';
import type { Problem } from '../../../exchange/problem.ts';
import type { Ask } from '../answer.ts';
import type { SearchedIdentifier } from '../writing/search-value.ts';
import { currentOf, patientRead, readPatientRead } from './merged.ts';
import { expiringCache } from './patient-cache.ts';
import { hasIdentifier, patientSearch, readPatientSearch, searchesFor } from './patient-search.ts';
import type { Patient } from './patient.ts';

export type PatientAnswer =
  | { readonly kind: 'found'; readonly patient: Patient }
  /** There is no one Patient to refer to; the code says why. */
  | { readonly kind: 'none'; readonly problem: Problem }
  /** It could not be asked, and neither could the others: it concerns the whole EHR. */
  | { readonly kind: 'failed'; readonly problem: Problem };

export interface DirectoryOptions {
  /** Of the EHR, without a slash at its end. */
  readonly base: string;
  readonly now: () => Instant;
  /** How long a Patient is known once found; an hour when not said. */
  readonly foundMs?: number;
  /**
   * How long it is known that there is none; ten seconds when not said: long enough for the messages of one person that
   * go together, and gone when somebody made the Patient and releases them.
   */
  readonly missedMs?: number;
  /** Patients and misses that are remembered; 50,000 when not said. */
  readonly most?: number;
}

/** Which Patients the EHR has, as far as it was asked; asked again once that is long ago. */
export interface PatientDirectory {
  /** One answer for each, by `keyOf`. Several are asked for in one search, and few searches at once. */
  byIdentifier(identifiers: readonly SearchedIdentifier[], ask: Ask): Promise<ReadonlyMap<string, PatientAnswer>>;
  /** One answer for each, by id. */
  byId(ids: readonly string[], ask: Ask): Promise<ReadonlyMap<string, PatientAnswer>>;
  /** The EHR did not know the Patient that was found: it is looked for again. */
  forget(patient: { readonly identifier: SearchedIdentifier | undefined; readonly id: string | undefined }): void;
}

const missMs = 10_000;

/** Searches or reads on their way at once, for one Bundle. */
const atOnce = 3;

export const keyOf = ({ system, value }: SearchedIdentifier): string => JSON.stringify([system, value]);
const keyOfId = (id: string): string => `id ${id}`;

export function patientDirectory(options: DirectoryOptions): PatientDirectory {
  const { base, now, foundMs = hourMs, missedMs = missMs, most = 50_000 } = options;
  const cache = expiringCache<PatientAnswer>({ most });
  /** How many identifiers the EHR takes in one search. */
  let together: number | undefined;

  function remember(key: string, answer: PatientAnswer): PatientAnswer {
    if (answer.kind !== 'failed') cache.set(key, answer, now() + (answer.kind === 'found' ? foundMs : missedMs));
    return answer;
  }

  /** Those that are known, and what is left to be asked for, each once. */
  function known<Asked>(all: readonly Asked[], key: (asked: Asked) => string) {
    const answers = new Map<string, PatientAnswer>();
    const open = new Map<string, Asked>();
    for (const each of all) {
      const answer = cache.get(key(each), now());
      if (answer === undefined) open.set(key(each), each);
      else answers.set(key(each), answer);
    }
    return { answers, open: [...open.values()] };
  }

  /** One Patient out of those that fit; what was merged into another one stands for that. */
  async function oneOf(candidates: readonly Patient[], ask: Ask): Promise<PatientAnswer> {
    if (candidates.length === 0) return none('patient-not-found');
    const current = await currentOf(candidates, ask, base);
    if (current.kind === 'failed') return current;
    const [patient, another] = current.patients;
    if (patient === undefined) return none('patient-inactive');
    return another === undefined ? { kind: 'found', patient } : none('patient-ambiguous');
  }

  return {
    async byIdentifier(identifiers, ask) {
      const { answers, open } = known(identifiers, keyOf);
      const { failed, search } = searching(answers, ask);
      await inTurns(searchesFor(open, together), search);
      for (const identifier of open) {
        if (!answers.has(keyOf(identifier))) answers.set(keyOf(identifier), failed());
      }
      return answers;
    },
    async byId(ids, ask) {
      const { answers, open } = known(ids, keyOfId);
      let failure: Problem | undefined;
      await inTurns(open, async (id) => {
        if (failure !== undefined) return;
        const read = readPatientRead(id, await ask(patientRead(id)), base);
        const answer =
          read.kind === 'read'
            ? await oneOf([read.patient], ask)
            : read.kind === 'gone'
              ? none('patient-not-found', read.httpStatus)
              : read;
        if (answer.kind === 'failed') failure = answer.problem;
        else answers.set(keyOfId(id), remember(keyOfId(id), answer));
      });
      return new Map(ids.map((id) => [id, answers.get(keyOfId(id)) ?? failedBy(failure)]));
    },
    forget({ identifier, id }) {
      if (identifier !== undefined) cache.forget(keyOf(identifier));
      if (id !== undefined) cache.forget(keyOfId(id));
    },
  };

  function searching(answers: Map<string, PatientAnswer>, ask: Ask) {
    let failure: Problem | undefined;

    /** A search that is refused, or whose answer has more pages, is made in halves. */
    async function search(identifiers: readonly SearchedIdentifier[]): Promise<void> {
      if (failure !== undefined) return;
      const [first] = identifiers;
      if (first === undefined) return;
      const alone = identifiers.length === 1;
      const result = readPatientSearch(identifiers, await ask(patientSearch(identifiers)), base);
      if (result.kind === 'failed') {
        failure = result.problem;
      } else if (result.kind === 'refused' && alone) {
        settle(first, { kind: 'none', problem: result.problem });
        // It was this one, and not that there were several.
        together = undefined;
      } else if (result.kind === 'refused' || (!result.whole && !alone)) {
        const middle = Math.ceil(identifiers.length / 2);
        if (result.kind === 'refused') together = middle;
        await search(identifiers.slice(0, middle));
        await search(identifiers.slice(middle));
      } else {
        for (const identifier of identifiers) {
          const candidates = result.patients.filter((patient) => hasIdentifier(patient, identifier));
          // More than are shown fit, or the EHR does not heed what is searched for.
          const answer =
            result.whole || candidates.length === 0 ? await oneOf(candidates, ask) : none('patient-ambiguous');
          if (answer.kind === 'failed') failure = answer.problem;
          else settle(identifier, answer);
        }
      }
    }

    const settle = (identifier: SearchedIdentifier, answer: PatientAnswer): void =>
      void answers.set(keyOf(identifier), remember(keyOf(identifier), answer));
    return { search, failed: () => failedBy(failure) };
  }
}

const failedBy = (problem: Problem = { code: 'ehr-unreachable' }): PatientAnswer => ({ kind: 'failed', problem });

const none = (
  code: 'patient-not-found' | 'patient-ambiguous' | 'patient-inactive',
  httpStatus?: number,
): PatientAnswer => ({ kind: 'none', problem: httpStatus === undefined ? { code } : { code, httpStatus } });

/** Does each, few at once. */
async function inTurns<Each>(all: readonly Each[], work: (each: Each) => Promise<void>): Promise<void> {
  const open = [...all];
  const worker = async (): Promise<void> => {
    for (let each = open.shift(); each !== undefined; each = open.shift()) await work(each);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
