import { describe, expect, it } from 'vitest';
import { isProblemCode, problemCodes, problemKind, problemSentence } from '../../src/exchange/problem.ts';

describe('the list of problems', () => {
  it('is closed', () => {
    expect(problemCodes.length).toBeGreaterThan(30);
    expect(problemCodes.every(isProblemCode)).toBe(true);
    for (const other of ['', 'no-such-code', 'toString', '__proto__', 'Source-Timeout']) {
      expect(isProblemCode(other)).toBe(false);
    }
  });

  it.each(problemCodes)('%s has a name in kebab-case and a sentence that ends', (code) => {
    expect(code).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
    expect(problemKind(code).sentence).toMatch(/^(?:[A-Z]|sources\[\]).*[.?)]$/);
  });

  it('names the side in the code where the problem is not of one record', () => {
    const others = problemCodes.filter((code) => {
      const { scope } = problemKind(code);
      if (scope === 'record') return false;
      // Token endpoint, listener and folder are on the side of the EHR.
      return !(scope === 'source' ? code.startsWith('source-') : /^(?:ehr|token|listener|folder)-/.test(code));
    });
    expect(others).toEqual(['budget-exhausted', 'backlog-full']);
  });

  it('stops the reading of a source until a person acts for a refused login alone: accounts get locked', () => {
    const stopping = problemCodes.filter((code) => {
      const { scope, class: next } = problemKind(code);
      return scope === 'source' && next === 'permanent';
    });
    expect(stopping).toEqual(['source-unauthorized']);
  });
});

describe('the sentence of a problem', () => {
  it('is that of its code', () => {
    expect(problemSentence({ code: 'ehr-throttled' })).toBe('The EHR asked for fewer requests.');
  });

  it('says where, with which status, and which issue', () => {
    const problem = {
      code: 'ehr-server-error',
      where: 'Communication.sent',
      httpStatus: 500,
      issue: 'exception',
    } as const;
    expect(problemSentence(problem)).toBe(
      'The EHR answered with a server error. (Communication.sent, HTTP 500, exception)',
    );
    expect(problemSentence({ code: 'ehr-server-error', httpStatus: 502 })).toBe(
      'The EHR answered with a server error. (HTTP 502)',
    );
  });
});
