import type { Settlement } from '../exchange/delivery.ts';
import type { ProblemCode } from '../exchange/problem.ts';
import type { DeliveryReport, ProblemCounts } from '../exchange/reports.ts';
import type { RecordKey } from '../exchange/record-key.ts';

/** Counts problems by code. */
export class ProblemTally {
  readonly #counts: { [code in ProblemCode]?: number } = {};

  add(code: ProblemCode, count = 1): void {
    if (count > 0) this.#counts[code] = (this.#counts[code] ?? 0) + count;
  }

  counts(): ProblemCounts {
    return { ...this.#counts };
  }
}

/** What became of the messages while a run was open; the last word on each counts. */
export class DeliveryTally {
  #delivered = 0;
  #skipped = 0;
  /** By names that a mapping chooses, such as "constructor". */
  readonly #counts = new Map<string, number>();
  /** Only those not delivered are held by key: memory follows the trouble, not the traffic. */
  readonly #open = new Map<RecordKey, { state: 'pending' | 'waiting' | 'rejected'; code: ProblemCode }>();

  /** @param counts what the mapping counts for this message */
  add(settlement: Settlement, counts: readonly string[] = []): void {
    if (settlement.state === 'delivered' || settlement.state === 'skipped') {
      this.#open.delete(settlement.key);
      if (settlement.state === 'skipped') {
        this.#skipped += 1;
        return;
      }
      this.#delivered += 1;
      for (const name of counts) this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    } else {
      this.#open.set(settlement.key, { state: settlement.state, code: settlement.problem.code });
    }
  }

  /**
   * @param pendingInLedger what is still to be sent, whether it was tried in this run or not
   * @param pause why nothing is sent at present: no message need have been tried to find that out
   */
  report(pendingInLedger: number, pause?: ProblemCode): DeliveryReport {
    const problems = new ProblemTally();
    const open = [...this.#open.values()];
    for (const { code } of open) problems.add(code);
    if (pause !== undefined && !open.some(({ code }) => code === pause)) problems.add(pause);
    return {
      delivered: this.#delivered,
      pending: pendingInLedger,
      waiting: open.filter(({ state }) => state === 'waiting').length,
      rejected: open.filter(({ state }) => state === 'rejected').length,
      skipped: this.#skipped,
      problems: problems.counts(),
      counts: Object.fromEntries(this.#counts),
    };
  }
}
