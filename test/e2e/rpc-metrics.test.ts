import assert from 'node:assert/strict';
import t from 'tap';
import { call, startServer } from './rpc-clients.js';
import { type FakeNode, troubledInfo } from './rpc-fake-node.js';
import { type Family, parseMetrics } from './rpc-prometheus.js';

async function scrape(url: string): Promise<Map<string, Family>> {
  const response = await fetch(`${url}/metrics`);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  return parseMetrics(await response.text());
}

/** The samples of a metric, by their labels. */
function samples(families: Map<string, Family>, name: string): Record<string, number> {
  return Object.fromEntries(families.get(name)?.samples ?? [['missing', Number.NaN]]);
}

t.test('a node without a chain shows what it has, and nothing that it does not know', async (t) => {
  const { server } = await startServer(t);
  const found = await scrape(server.url);
  const value = (name: string): Record<string, number> => samples(found, name);
  t.strictSame(value('atoma_build_info'), { '{"version":"1.2.3"}': 1 });
  t.strictSame(value('atoma_ready'), { '{}': 1 });
  t.strictSame(value('atoma_uptime_seconds'), { '{}': 0.005 });
  t.strictSame(value('atoma_queue_waiting'), { '{}': 0 });
  t.strictSame(value('atoma_queue_running'), { '{}': 1 });
  t.strictSame(value('atoma_queue_capacity'), { '{}': 8 });
  t.strictSame(value('atoma_late_tickets_total'), { '{}': 0 });
  t.strictSame(value('atoma_device_restarts_total'), { '{"device":"cpu"}': 0 });
  t.equal(value('atoma_tickets')['{"state":"settled"}'], 2);
  t.equal(value('atoma_tickets')['{"state":"failed"}'], 0);
  for (const unknown of [
    'atoma_checkpoint',
    'atoma_checkpoint_age_seconds',
    'atoma_gas_balance',
    'atoma_gas_runway_tickets',
    'atoma_journal_ok',
    'atoma_disputes',
    'atoma_own_disputes_total',
  ]) {
    t.strictSame(value(unknown), {}, `${unknown} has no value yet`);
  }
  t.ok((value('process_resident_memory_bytes')['{}'] ?? 0) > 1024 * 1024);
  t.ok((value('atoma_event_loop_active_seconds_total')['{}'] ?? 0) > 0);
});

t.test('faults show', async (t) => {
  const { server, node } = await startServer(t);
  node.ready = false;
  node.info = troubledInfo(node.info);
  const found = await scrape(server.url);
  const value = (name: string): Record<string, number> => samples(found, name);
  t.strictSame(value('atoma_ready'), { '{}': 0 });
  t.strictSame(value('atoma_journal_ok'), { '{}': 0 });
  t.strictSame(value('atoma_late_tickets_total'), { '{}': 3 });
  t.match(value('atoma_disputes'), {
    '{"state":"open"}': 1,
    '{"state":"judged"}': 0,
    '{"state":"settled"}': 2,
  });
  t.strictSame(value('atoma_own_disputes_total'), {
    '{"commitment":"right"}': 1,
    '{"commitment":"wrong"}': 1,
  });
  t.strictSame(value('atoma_checkpoint'), { '{}': 9_007_199_254_740_992 });
  t.strictSame(value('atoma_checkpoint_age_seconds'), { '{}': 1.5 });
  t.strictSame(value('atoma_gas_balance'), { '{}': 2 ** 64 });
  t.strictSame(value('atoma_gas_runway_tickets'), { '{}': 41 });
  const gpu = 'GPU "0"\\\n';
  t.strictSame(value('atoma_device_restarts_total'), {
    [JSON.stringify({ device: 'cpu' })]: 0,
    [JSON.stringify({ device: gpu })]: 5,
  });
  const states = Object.entries(value('atoma_device_state'));
  t.equal(states.length, 10, 'each of five states for both devices');
  t.strictSame(
    states.filter(([, value]) => value === 1).map(([labels]) => JSON.parse(labels)),
    [
      { device: 'cpu', state: 'ready' },
      { device: gpu, state: 'quarantined' },
    ],
  );
});

t.test('each scrape reads anew: counters are totals, and what is gone is gone', async (t) => {
  const { server, node } = await startServer(t);
  const healthy = node.info;
  node.info = troubledInfo(healthy);
  const [first, second] = await Promise.all([scrape(server.url), scrape(server.url)]);
  for (const name of ['atoma_late_tickets_total', 'atoma_device_restarts_total', 'atoma_device_state']) {
    t.strictSame(samples(second, name), samples(first, name), `${name} is not added up by scrapes`);
  }
  node.info = { ...healthy, lateTickets: 4 };
  const third = await scrape(server.url);
  t.strictSame(samples(third, 'atoma_late_tickets_total'), { '{}': 4 });
  t.strictSame(samples(third, 'atoma_device_restarts_total'), { '{"device":"cpu"}': 0 });
  t.strictSame(samples(third, 'atoma_gas_balance'), {});
});

t.test('two servers in one process share no metrics, and web pages of other machines see none', async (t) => {
  const [one, two] = [await startServer(t), await startServer(t)];
  const name = (node: FakeNode, version: string): void => {
    node.info = { ...node.info, version };
  };
  name(one.node, 'one');
  name(two.node, 'two');
  t.strictSame(samples(await scrape(one.server.url), 'atoma_build_info'), { '{"version":"one"}': 1 });
  t.strictSame(samples(await scrape(two.server.url), 'atoma_build_info'), { '{"version":"two"}': 1 });
  const page = await fetch(`${one.server.url}/metrics`, { headers: { origin: 'https://evil.example' } });
  t.equal(page.status, 403);
});

t.test('a node that cannot tell is a 500 without its inner message, and lives on', async (t) => {
  const { server, node } = await startServer(t);
  const { nodeInfo } = node;
  node.nodeInfo = () => {
    throw new Error('/root/secret');
  };
  const failed = await fetch(`${server.url}/metrics`);
  t.equal(failed.status, 500);
  t.notMatch(await failed.text(), /secret/);
  node.nodeInfo = nodeInfo.bind(node);
  t.match(await call(server.url, 'atoma_nodeInfo'), { result: { version: '1.2.3' } });
  t.strictSame(samples(await scrape(server.url), 'atoma_ready'), { '{}': 1 });
});
