import t from 'tap';
import { storm } from './storm.js';

t.test(
  'tickets survive the death of node, devices and chain',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const report = await storm({ kills: 6, lifeMs: 2500, promptIntervalMs: 400, seed: 7 });
    t.comment(JSON.stringify(report));
    t.match(report, { kills: 6, lost: 0, double_commits: 0, different_roots: 0 });
    t.ok(report.tickets > 5, 'there were tickets to lose');
  },
);
