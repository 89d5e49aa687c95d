#!/usr/bin/env node
// oxlint-disable-next-line import/no-unassigned-import -- what it does has to come first
import './quiet-libraries.ts';
import { commandLine } from './command-line.ts';
import { processIo } from './process-io.ts';

// Not process.exit(): what was written to a pipe must arrive.
process.exitCode = await commandLine(process.argv.slice(2), processIo());
