import t from 'tap';
import { z } from 'zod';
import { call, LIMA, notReady, PERU, ready, Stage, until } from './stage.js';

/** Deaths in a row after which a device is given up. */
const DEATHS = 5;

const Info = z.object({
  devices: z.tuple([
    z.object({ state: z.string(), restarts: z.number(), last_fault: z.string().nullable() }),
  ]),
  tickets: z.record(z.string(), z.number()),
});

async function infoOf(url: string): Promise<z.infer<typeof Info>> {
  return Info.parse((await call(url, 'atoma_nodeInfo')).result);
}

t.test(
  'a device that dies as often as it is started is quarantined, and everybody is told',
  { skip: process.platform !== 'linux' && 'needs /proc' },
  async (t) => {
    const stage = await Stage.set(t);
    const node = stage.node();
    const url = await ready(node);
    const killed = new Set<number>();
    for (let death = 1; death <= DEATHS; death++) {
      // Twice when it is ready, and then as soon as there is another one.
      const wanted = death <= 2 ? /ready/ : /ready|restarting/;
      const pid = await until(async () => {
        const { state } = (await infoOf(url)).devices[0];
        const [running] = await node.devicePids();
        return wanted.test(state) && running !== undefined && !killed.has(running) ? running : undefined;
      });
      process.kill(pid, 'SIGKILL');
      killed.add(pid);
    }
    await until(async () => (await infoOf(url)).devices[0].state === 'quarantined' || undefined);

    t.match(await notReady(url), /device cpu is quarantined: .*killed by SIGKILL/);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    t.match(metrics, 'atoma_device_state{device="cpu",state="quarantined"} 1');
    t.match(metrics, 'atoma_device_state{device="cpu",state="ready"} 0');
    t.match(metrics, 'atoma_ready 0');
    t.match((await infoOf(url)).devices, [
      { state: 'quarantined', restarts: DEATHS - 1, last_fault: /killed by SIGKILL/ },
    ]);
    t.match(node.log, /device cpu is quarantined: it died 5 times in a row.*start the node again/);
    t.strictSame(await node.devicePids(), [], 'no process is left');

    const ticket = await stage.send({ prompt: PERU });
    await node.logged(new RegExp(`"${ticket}".*handed back: no device is left`));
    t.equal(stage.ticket(ticket).state, 'received');
    const askedAt = performance.now();
    t.match(await call(url, 'atoma_generate', { prompt: PERU }), {
      error: { message: /no device is left.*start the node again/, data: { code: 'not_ready' } },
    });
    t.ok(performance.now() - askedAt < 1000, 'at once');
    t.equal(await node.stop(), '0');

    const next = stage.node();
    await ready(next);
    await stage.settled(ticket);
    t.equal(await next.stop(), '0');
    t.equal(stage.ticket(ticket).answer?.text, LIMA);
  },
);
