import { readdir, readFile } from 'node:fs/promises';
import t from 'tap';
import { AtomaError } from '#src/core/index.js';
import {
  catalogued,
  ERROR_CATALOGUE,
  httpStatusOf,
  isCatalogued,
  toRpcError,
} from '#src/rpc/error-catalogue.js';
import { ERROR_GUIDE } from '#src/rpc/error-guide.js';

t.test('every error has a number of its own, in the ranges of the specification', async (t) => {
  const numbers = Object.values(ERROR_CATALOGUE).map((entry) => entry.rpc);
  t.equal(new Set(numbers).size, numbers.length, 'unique');
  const standard = new Set<number>([-32700, -32600, -32601, -32602, -32603]);
  for (const [code, entry] of Object.entries(ERROR_CATALOGUE)) {
    t.match(code, /^[a-z_]+$/);
    t.ok(standard.has(entry.rpc) || (entry.rpc <= -32000 && entry.rpc >= -32099), `${code}: ${entry.rpc}`);
    t.ok(entry.http >= 400 && entry.http <= 599, `${code}: HTTP ${entry.http}`);
  }
});

t.test('faults of the node are 503, faults of a job are not', async (t) => {
  const status = (code: string): number => httpStatusOf(new AtomaError(code, 'x'));
  for (const code of ['device_died', 'no_device', 'journal_failed', 'not_ready']) t.equal(status(code), 503);
  t.equal(status('job_killed_worker'), 500);
  t.equal(status('busy'), 429);
  t.equal(status('unheard_of'), 500);
  t.equal(httpStatusOf(new Error('x')), 500);
});

t.test('an AtomaError keeps message and fields, as JSON', async (t) => {
  const cause = new AtomaError('busy', 'Busy, try again in 3 s.', {
    fields: { retryAfterMs: 3000, smallId: 18_446_744_073_709_551_615n, root: new Uint8Array([1, 255]) },
  });
  t.same(toRpcError(cause), {
    code: ERROR_CATALOGUE.busy.rpc,
    message: 'Busy, try again in 3 s.',
    data: { code: 'busy', retry_after_ms: 3000, small_id: '18446744073709551615', root: '01ff' },
  });
});

t.test('fields cannot take the place of the code, nor recurse for ever', async (t) => {
  const loop: Record<string, unknown> = {};
  loop['again'] = loop;
  const error = catalogued('not_found', 'No such ticket.', { code: 'forged', loop });
  t.equal(toRpcError(error).data.code, 'not_found');
  t.doesNotThrow(() => JSON.stringify(toRpcError(error)));
});

t.test('what is no AtomaError stays inside', async (t) => {
  const error = new Error('ENOENT: /root/secret');
  t.equal(isCatalogued(error), false);
  const { code, message, data } = toRpcError(error);
  t.equal(code, -32603);
  t.notMatch(message, /secret/);
  t.same(data, { code: 'internal' });
});

t.test('a code that the catalogue does not hold is an internal error that names it', async (t) => {
  const error = new AtomaError('constructor', 'odd');
  t.equal(isCatalogued(error), false);
  t.same(toRpcError(error), { code: -32603, message: 'odd', data: { code: 'constructor' } });
});

/** Codes that keep the server from starting: there is no client yet. */
const AT_START: readonly string[] = [
  ...['port_in_use', 'listen_failed', 'insecure_bind', 'tls_unreadable', 'tls_invalid'],
  ...['keys_file_exposed', 'keys_file_unreadable', 'keys_file_invalid'],
];
/** Codes that the node deals with itself: the job goes elsewhere, the model is not offered. */
const INSIDE: readonly string[] = ['model_unloaded', 'probe_failed', 'invalid_config'];
/** Rooms whose errors can reach a client. */
const SERVING =
  /^(rpc|scheduler|workers|models)\/|^node\/(requests|token-streams|model-requests|render-chat|evidence\/collect|node)\.ts$/;

t.test('every error that is thrown towards clients is in the catalogue', async (t) => {
  const src = new URL('../../../src/', import.meta.url);
  const files = await readdir(src, { recursive: true });
  const codes = new Set<string>();
  for (const file of files.filter((path) => SERVING.test(path) && path.endsWith('.ts'))) {
    const source = await readFile(new URL(file, src), 'utf8');
    for (const [, code = ''] of source.matchAll(/new AtomaError\(\s*'([a-z_]+)'/g)) codes.add(code);
  }
  t.ok(codes.has('request_id_in_use') && codes.has('busy'), 'codes are found');
  const missing = [...codes].filter(
    (code) => !Object.hasOwn(ERROR_CATALOGUE, code) && ![...AT_START, ...INSIDE].includes(code),
  );
  t.same(missing, []);
});

t.test('every error says what it means and what to do, in whole sentences', async (t) => {
  for (const [code, { meaning, remedy }] of Object.entries(ERROR_GUIDE)) {
    t.match(meaning, /^[A-Z].*\.$/, code);
    t.match(remedy, /^[A-Z].*\.$/, code);
  }
});
