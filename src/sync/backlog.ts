import { minuteMs } from '../exchange/window.ts';
import type { MessageCounts } from '../ledger/ledger.ts';

/** Reading that waits for the EHR looks again after so long whether there is room. */
export const backlogLookMs = minuteMs;

/** The messages that are still to be sent. Those that wait for their Patient are not held against the EHR. */
export const backlogOf = ({ pending, delivering }: MessageCounts): number => pending + delivering;
