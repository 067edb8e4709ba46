import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import t from 'tap';
import type { DevnetFiles } from '#src/devnet/index.js';
import { runCli } from '../e2e/cli.js';
import { PERU, ready, Stage } from './stage.js';

t.test(
  'a second node with the same journal or badge is kept out for as long as the first lives',
  async (t) => {
    const stage = await Stage.set(t);
    const first = stage.node();
    const url = await ready(first);
    const holder = new RegExp(`process ${first.child.pid} on ${hostname()}`);

    const twin = stage.node();
    t.equal(await twin.ended, '1');
    await twin.closed;
    t.match(twin.log, holder);
    t.match(twin.log, /the journal .*node\/data\/journal\.sqlite is in use/);

    const copy = stage.node({}, await stage.copy({ jrpcPort: Number(new URL(url).port) }));
    t.equal(await copy.ended, '1');
    await copy.closed;
    t.match(copy.log, holder, 'told of the node, not of the port that it has');
    t.match(copy.log, `the node badge ${stage.operator.badgeId} is in use`);
    t.notMatch(copy.log, /jrpc_port/);

    const ticket = await stage.send({ prompt: PERU });
    await stage.settled(ticket);
    const audit = await runCli(['audit', '--from', '0', '--json', ...flags(stage.files)]);
    t.equal(audit.code, 0, audit.stderr);
    t.match(audit.stdout, new RegExp(`"ticket_id":"${ticket}","verdict":"committed"`));

    await first.kill();
    const second = stage.node();
    await ready(second);
    t.notMatch(second.log, /in use/);
    const other = await stage.send({ prompt: PERU });
    await stage.settled(other);
    t.equal(await second.stop(), '0');
    await t.rejects(
      readFile(`${stage.journalPath}.lock.holder`),
      { code: 'ENOENT' },
      'nobody holds it any more',
    );
  },
);

function flags(files: DevnetFiles): string[] {
  return [
    ...['--model-config-path', files.modelConfigPath],
    ...['--sui-subscriber-path', files.suiSubscriberPath],
    ...['--atoma-sui-client-config-path', files.atomaSuiClientConfigPath],
  ];
}
