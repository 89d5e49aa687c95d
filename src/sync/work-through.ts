/** Work that is taken piece by piece. */
export interface WorkToDo<Piece> {
  /** How much may be taken now; 0: nothing before a piece that is under way has ended. */
  room(): number;
  /** Undefined: there is no more. */
  take(room: number): Promise<Piece | undefined>;
  work(piece: Piece): Promise<void>;
}

/**
 * Takes pieces one after the other and works on as many at once as there is room for, until there is no more, or no room
 * although nothing is under way. Ends when all it began has ended, also when one fails: then nothing more is taken, and
 * the first failure is thrown.
 */
export async function workThrough<Piece>({ room, take, work }: WorkToDo<Piece>): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let failed: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    failed ??= { error };
  };
  let isMore = true;
  while (isMore || underWay.size > 0) {
    const free: number = isMore && failed === undefined ? room() : 0;
    if (free > 0) {
      const piece: Piece | void = await take(free).catch(fail);
      isMore = piece !== undefined;
      if (piece === undefined) continue;
      const working = work(piece)
        .catch(fail)
        .finally(() => underWay.delete(working));
      underWay.add(working);
    } else if (underWay.size > 0) {
      await Promise.race(underWay);
    } else {
      break;
    }
  }
  if (failed !== undefined) throw failed.error;
}
