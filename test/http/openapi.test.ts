import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { problemCodes } from '../../src/exchange/problem.ts';
import { recordStates } from '../../src/exchange/reports.ts';
import { allRoutes } from '../../src/http/app.ts';
import { refusal, refusalStatus, problemDetails, requestProblemCodes } from '../../src/http/problem-details.ts';
import { exampleBody } from './example-body.ts';
import { fakeOperations, recordKey, runId } from './fake-operations.ts';
import { openApi, resolved, undeclared } from './openapi-replies.ts';
import { serveApp } from './served-app.ts';

const operations = Object.entries(openApi.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
);
const routes = allRoutes(fakeOperations, () => {});
const schemaCodes = (name: string) => openApi.components.schemas[name]?.enum;

const byName = (one: { operation: string }, other: { operation: string }): number =>
  one.operation.localeCompare(other.operation);

describe('openapi.yaml', () => {
  it('has the version of the package', () => {
    const manifest: { version: string } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(openApi.info.version).toBe(manifest.version);
  });

  it('names every operation that is served, with its role, and no other', () => {
    const declared = operations.map(({ path, method, operation }) => {
      const { operationId, security, 'x-role': role = null } = operation;
      return { operation: operationId, method, path, role, open: security?.length === 0 };
    });
    const served = routes.map(({ operation, method, path, role }) => ({
      operation,
      method,
      path,
      role,
      open: role === null,
    }));
    expect(served.toSorted(byName)).toEqual(declared.toSorted(byName));
  });

  it.each(operations)('names the query parameters of $operation.operationId', ({ operation }) => {
    const declared = (operation.parameters ?? [])
      .map((parameter) => resolved(parameter))
      .filter((parameter) => parameter.in === 'query');
    const route = routes.find((one) => one.operation === operation.operationId);
    expect(declared.map(({ name }) => name)).toEqual(route?.parameters);
  });

  it.each(operations)('$operation.operationId is served', async ({ path, method }) => {
    const { ask } = serveApp();
    const body = exampleBody(path, method);
    const reply = await ask({
      method,
      path: path.replace('{id}', runId).replace('{key}', recordKey),
      user: 'ada',
      ...(body === undefined ? {} : { body }),
    });
    expect([200, 202]).toContain(reply.status);
  });

  it('lists the problem codes of the exchange', () => {
    expect(schemaCodes('ProblemCode')).toEqual(problemCodes);
  });

  it('lists the states of records', () => {
    expect(schemaCodes('RecordState')).toEqual(recordStates);
  });

  it('lists the codes of refusals', () => {
    expect(schemaCodes('RequestProblemCode')).toEqual(requestProblemCodes);
  });

  it('shows in its examples of errors what is really answered', () => {
    const examples = [...JSON.stringify(openApi).matchAll(/"example":(\{"type":"urn:[^}]*?"code":"([a-z-]+)")/g)];
    expect(examples.length).toBeGreaterThan(10);
    for (const [, start = '', code = ''] of examples) {
      const known = requestProblemCodes.find((one) => one === code) ?? 'unexpected-error';
      const { title, status, type } = problemDetails(refusal(known, ''), '');
      expect(JSON.parse(`${start}}`)).toMatchObject({ type, title, status: status, code });
      expect(status).toBe(refusalStatus(known));
    }
  });
});

describe('the check of replies', () => {
  const headers = { 'content-type': 'application/json; charset=utf-8', 'x-request-id': '1' };

  it('takes a declared reply', () => {
    expect(undeclared('GET', '/livez', { status: 200, headers, text: '{"status":"ok"}' })).toEqual([]);
  });

  it.each([
    ['an undeclared status', { status: 418, headers, text: '{"status":"ok"}' }],
    ['an undeclared media type', { status: 200, headers: { ...headers, 'content-type': 'text/html' }, text: '' }],
    ['an undeclared member', { status: 200, headers, text: '{"status":"ok","build":"7"}' }],
    ['a missing member', { status: 200, headers, text: '{}' }],
    ['a missing header', { status: 200, headers: { 'content-type': 'application/json' }, text: '{"status":"ok"}' }],
  ])('finds %s', (_what, reply) => {
    expect(undeclared('GET', '/livez', reply)).toHaveLength(1);
  });

  it('finds an undeclared member within a list', () => {
    const item = { key: recordKey, phone: '5555550100' };
    const text = JSON.stringify({ items: [item], next: null });
    expect(undeclared('GET', '/records', { status: 200, headers, text }).join()).toContain('additional properties');
  });
});
