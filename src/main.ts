#!/usr/bin/env node
import { commandLine } from './command-line.ts';
import { processIo } from './process-io.ts';

// Not process.exit(): what was written to a pipe must arrive.
process.exitCode = await commandLine(process.argv.slice(2), processIo());
