/** One at a time: each waits for those that asked before. Readings of one account are serial, so that "later" is well defined. */
export interface Turns {
  take<T>(work: () => Promise<T>): Promise<T>;
}

export function makeTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return {
    take(work) {
      const mine = last.then(work, work);
      last = mine.catch(() => {});
      return mine;
    },
  };
}
