import t from 'tap';
import { LONG, LONG_REQUEST, notReady, ready, Stage, until } from './stage.js';
import { StreamReader } from './stream-reader.js';

const SKIP = process.platform !== 'linux' && 'needs /proc';
/** More than anybody waits for here. */
const ENDLESS = { ...LONG_REQUEST, max_tokens: 15_000, stream: true };
/** Without a limit the end would come when the device is found to hang, after 10 s at the earliest. */
const PROMPT_MS = 8000;

t.test(
  'a second signal ends the node at once, and its device processes with it',
  { skip: SKIP },
  async (t) => {
    const stage = await Stage.set(t);
    const node = stage.node({ args: ['--grace', '600'] });
    const url = await ready(node);
    const stream = await StreamReader.open(await stage.client(url), 'atoma_generate', ENDLESS);
    await stream.has(1);
    node.child.kill('SIGTERM');
    await until(async () => (/stopping/.test((await notReady(url)) ?? '') ? true : undefined));
    node.child.kill('SIGTERM');
    t.equal(await node.ended, '130');
    await node.closed;
    t.match(await stream.done(), { error: { message: /closed the connection/ } });

    await t.test('a device that hangs does not hold the end up; its ticket is handed back', async (t) => {
      const node = stage.node({ args: ['--grace', '0.2'] });
      const url = await ready(node);
      const ticket = await stage.send({ ...LONG, maxTokens: 300n });
      const stream = await StreamReader.open(await stage.client(url), 'atoma_subscribe', {
        ticket_id: ticket,
      });
      await stream.has(1);
      for (const pid of await node.devicePids()) process.kill(pid, 'SIGSTOP');
      const askedAt = performance.now();
      t.equal(await node.stop(), '0');
      t.ok(performance.now() - askedAt < PROMPT_MS);
      await node.closed;
      const { state, history } = stage.ticket(ticket);
      t.equal(state, 'received');
      t.match(history.at(-1)?.reason, /^handed back: the node was stopped/);

      const next = stage.node();
      await ready(next);
      await stage.settled(ticket);
      t.equal(await next.stop(), '0');
    });
  },
);
