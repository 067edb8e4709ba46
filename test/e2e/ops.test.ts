import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { RpcServer } from '#src/rpc/index.js';
import { Telemetry } from '#src/telemetry/index.js';
import { OPS_DIR, promtool, promtoolMissing } from '../fixtures/promtool.js';
import { tempDir } from './cli.js';
import { FakeNode } from './rpc-fake-node.js';
import { parseMetrics } from './rpc-prometheus.js';

const skip = await promtoolMissing();

const Target = z.object({ expr: z.string(), datasource: z.object({ uid: z.string().startsWith('$') }) });
const Panel = z.object({
  id: z.number(),
  title: z.string(),
  type: z.string(),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  targets: z.array(Target).default([]),
});
const Dashboard = z.object({
  schemaVersion: z.number(),
  templating: z.object({ list: z.array(z.object({ name: z.string(), type: z.string() })) }),
  panels: z.array(Panel),
});
const Rules = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          labels: z.object({ severity: z.enum(['warning', 'critical']) }),
          annotations: z.object({ summary: z.string(), description: z.string(), runbook: z.string() }),
        }),
      ),
    }),
  ),
});

async function dashboard(): Promise<z.infer<typeof Dashboard>> {
  return Dashboard.parse(JSON.parse(await readFile(join(OPS_DIR, 'grafana/atoma-node.json'), 'utf8')));
}

async function alerts(): Promise<z.infer<typeof Rules>['groups'][number]['rules']> {
  const { groups } = Rules.parse(parse(await readFile(join(OPS_DIR, 'alerts.yml'), 'utf8')));
  return groups.flatMap(({ rules }) => rules);
}

/** Names under which a node can show samples. */
async function shownNames(t: Test): Promise<ReadonlySet<string>> {
  const logger = pino({ level: 'silent' });
  const { meters } = await Telemetry.start({ tracing: false, version: '1', smallId: undefined }, { logger });
  const server = await RpcServer.start(
    { host: '127.0.0.1', port: 0 },
    { node: new FakeNode(), metrics: meters.registry, logger },
  );
  t.teardown(() => server.stop());
  const families = parseMetrics(await (await fetch(`${server.url}/metrics`)).text());
  const names = [...families].flatMap(([name, { type }]) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  );
  // Prometheus makes this one itself.
  return new Set([...names, 'up']);
}

/** The metrics that an expression asks for: what is neither a word of the language nor a label. */
function metricsIn(expr: string): readonly string[] {
  const bare = expr.replaceAll(/\{[^}]*\}/g, '').replaceAll(/\b(by|on)\s*\([^)]*\)/g, '');
  return bare.match(/\b(up|(atoma|process|nodejs)_\w+)\b/g) ?? [];
}

t.test('the dashboard asks for metrics that there are, in panels that do not overlap', async (t) => {
  const { panels, schemaVersion, templating } = await dashboard();
  t.ok(schemaVersion >= 39);
  t.match(templating.list, [
    { name: 'datasource', type: 'datasource' },
    { name: 'instance', type: 'query' },
  ]);
  t.strictSame(
    panels.filter(({ type }) => type === 'row').map(({ title }) => title),
    ['Health', 'Tickets', 'Serving', 'Latency', 'Devices', 'Chain and gas', 'Main thread'],
  );
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length, 'each panel has an id of its own');
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`),
  );
  t.equal(new Set(cells).size, cells.length, 'no two panels take the same place');
  const known = await shownNames(t);
  const asked = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  t.ok(asked.length > 40);
  for (const expr of asked) {
    const names = metricsIn(expr);
    t.ok(names.length > 0, expr);
    for (const name of names) t.ok(known.has(name), `the dashboard's ${name} is shown by a node`);
  }
});

t.test('the alerts ask for metrics that there are, and say what to do', async (t) => {
  const known = await shownNames(t);
  for (const { alert, expr, annotations } of await alerts()) {
    for (const name of metricsIn(expr)) t.ok(known.has(name), `${alert} asks for ${name}`);
    t.ok(annotations.runbook.length > 80, `${alert} says what to do`);
  }
});

t.test('Prometheus parses every expression of the dashboard', { skip }, async (t) => {
  const { panels } = await dashboard();
  const exprs = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  const rules = exprs.map((expr, at) => ({
    record: `panel:${at}`,
    expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*'),
  }));
  const file = join(await tempDir(t), 'panels.yml');
  await writeFile(file, stringify({ groups: [{ name: 'panels', rules }] }));
  const { code, output } = await promtool(['check', 'rules', file]);
  t.equal(code, 0, output);
  t.match(output, `${exprs.length} rules found`);
});

t.test('Prometheus takes the samples, and each alert fires when it should', { skip }, async (t) => {
  const commands = [
    ['check', 'config', 'prometheus.yml'],
    ['check', 'rules', 'alerts.yml'],
    ['test', 'rules', 'alerts.test.yml'],
  ];
  for (const command of commands) {
    const { code, output } = await promtool(command);
    t.equal(code, 0, `${command.join(' ')}: ${output}`);
  }
  const tests = await readFile(join(OPS_DIR, 'alerts.test.yml'), 'utf8');
  for (const { alert } of await alerts()) t.ok(tests.includes(`alertname="${alert}"`), `${alert} is tested`);
});
