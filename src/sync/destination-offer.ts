import type { AuditLog } from '../audit/audit-log.ts';
import type { Destination, DestinationCheck } from '../destinations/destination.ts';
import type { Problem } from '../exchange/problem.ts';
import type { Mapping } from '../mapping/mapping.ts';

export interface Mappings {
  /** The dialect they are made in, and why. */
  readonly dialect: string;
  readonly why: string;
  /** Each console has identifiers of its own. */
  readonly bySource: ReadonlyMap<string, Mapping>;
}

/** Asked once the EHR was reached, since it may have a say in them; a problem puts delivery off. */
export type MakeMappings = (signal: AbortSignal) => Promise<Mappings | Problem>;

/** What the EHR offers, and what it is sent for that. */
export interface DestinationOffer {
  /** As it was asked last. */
  readonly check: () => DestinationCheck | undefined;
  readonly mappings: () => Mappings | undefined;
  /** Asks, where that is not known yet. Gives why nothing can be sent, or undefined. */
  ask(signal: AbortSignal): Promise<Problem | undefined>;
  /** It does not keep what it said: it is asked again, and all that follows from it decided anew. */
  forget(): void;
}

export function makeDestinationOffer(
  destination: Destination,
  makeMappings: MakeMappings,
  audit: AuditLog,
): DestinationOffer {
  let check: DestinationCheck | undefined;
  let mappings: Mappings | undefined;
  return {
    check: () => check,
    mappings: () => mappings,
    async ask(signal) {
      if (check?.kind === 'ready' && mappings !== undefined) return undefined;
      check = await destination.check(signal);
      if (check.kind === 'failed') return check.problem;
      const made = await makeMappings(signal);
      if ('code' in made) return made;
      mappings = made;
      const { write, bundle } = check;
      audit({ event: 'destination_ready', destination: destination.name, write, bundle, dialect: made.dialect });
      return undefined;
    },
    forget() {
      // Why it could not be asked stays to be shown.
      if (check?.kind === 'ready') check = undefined;
    },
  };
}
