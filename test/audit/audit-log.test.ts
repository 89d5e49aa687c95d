import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const auditLog = fileURLToPath(new URL('../../src/audit/audit-log.ts', import.meta.url));

/** Logs events in a process of its own and gives what came out of one of its streams. */
function textLogged(stream: 'stdout' | 'stderr', level: string, events: readonly object[]): string {
  const program = `
    import { openAuditLog } from ${JSON.stringify(auditLog)};
    const audit = openAuditLog({ level: ${JSON.stringify(level)}, stream: ${JSON.stringify(stream)}, now: () => 0 });
    for (const event of ${JSON.stringify(events)}) audit(event);`;
  const child = ['--input-type=module', '--eval', program];
  const merged = stream === 'stdout' ? '' : ' 2>&1 1>/dev/null';
  const quoted = child.map((part) => `'${part.replaceAll("'", `'\\''`)}'`).join(' ');
  return execFileSync('sh', ['-c', `'${process.execPath}' ${quoted}${merged}`], { encoding: 'utf8' });
}

function logged(stream: 'stdout' | 'stderr', level: string, events: readonly object[]) {
  return textLogged(stream, level, events)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const stopped = { event: 'service_stopped', exitCode: 0, handedBack: 0 };
const skipped = { event: 'run_skipped', source: 'main-clinic', why: 'paused' };

describe('the audit log', () => {
  it("writes one JSON object a line with time, level, event, message and the event's own fields", () => {
    expect(logged('stdout', 'info', [stopped])).toEqual([
      { time: '1970-01-01T00:00:00.000Z', level: 'info', ...stopped, message: 'The service has stopped.' },
    ]);
  });

  it('writes to standard error where standard output carries the answer of a command', () => {
    expect(logged('stderr', 'info', [stopped, skipped])).toMatchObject([{ level: 'info' }, { level: 'warn' }]);
  });

  it('leaves out what is below the level', () => {
    expect(logged('stdout', 'warn', [stopped, skipped])).toMatchObject([{ event: 'run_skipped' }]);
  });

  it('keeps a line a line whatever the fields hold, with no control character in it (F4)', () => {
    const source = 'a\nb\r\t\u0000\u001b[31m\u007f\u009b31m\u0085\u2028\u2029\ud800"\\';
    const text = textLogged('stdout', 'info', [{ ...skipped, source }]);
    expect(text.slice(0, -1)).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
    expect(JSON.parse(text)).toMatchObject({ source });
  });

  it('writes no field that an event does not have, though an object holds it', () => {
    const row = { personName: 'Ada Example', outgoingMessage: 'Your visit', mobileNumber: '5005550006', body: {} };
    const [line] = logged('stdout', 'info', [{ ...stopped, ...row, message: 'Ada', level: 'x', time: 'y' }]);
    expect(line).toEqual({
      time: '1970-01-01T00:00:00.000Z',
      level: 'info',
      ...stopped,
      message: 'The service has stopped.',
    });
  });

  it('writes hundreds of lines before its process ends', () => {
    const many = Array.from({ length: 500 }, (_, handedBack) => ({ ...stopped, handedBack }));
    expect(logged('stdout', 'info', many).map(({ handedBack }) => handedBack)).toEqual(
      many.map((each) => each.handedBack),
    );
  });
});
