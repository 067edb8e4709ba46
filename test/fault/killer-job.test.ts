import t from 'tap';
import type { ScheduledCompletion } from '#src/scheduler/index.js';
import { SCHEDULER_DEFAULTS, Scheduler } from '#src/scheduler/index.js';
import { misbehaving, modelSpec, params, QUICK, TinyDevice } from '../fixtures/tiny-device.js';

for (const kind of ['ticket', 'request'] as const) {
  t.test(`a ${kind} that kills its worker twice fails; its neighbours do not`, async (t) => {
    const device = TinyDevice.create(t, { options: { ...QUICK, script: misbehaving('dies-on-poison') } });
    const scheduler = new Scheduler({ ...SCHEDULER_DEFAULTS, ticketReserve: 0 }, { executors: [device] });
    scheduler.serve('tiny');
    device.start(() => scheduler.refresh());
    await device.load(modelSpec(), () => undefined);
    const restarts = new Map<string, number>();
    const submit = (id: string, prompt: string): Promise<ScheduledCompletion> =>
      scheduler.submit(
        { id, params: params(prompt), reproducible: false },
        kind === 'ticket' ? { kind, deadlineMs: Date.now() + 60_000 } : { kind },
        {
          signal: new AbortController().signal,
          onTokens: () => undefined,
          onRestart: () => restarts.set(id, (restarts.get(id) ?? 0) + 1),
        },
      );
    const neighbours = ['a', 'b'].map((id) => submit(id, id));
    const killer = submit('killer', 'poison');
    const last = submit('c', 'c');

    await t.rejects(killer, { code: 'job_killed_worker', message: /died twice while this job ran/ });
    const texts = await Promise.all([...neighbours, last].map(async (job) => (await job).completion.text));
    t.strictSame(texts, ['a', 'b', 'c']);
    t.equal(restarts.get('killer'), 1, 'it was tried again once, alone');
    for (const id of ['a', 'b', 'c']) t.equal(restarts.get(id), 1, `${id} ran under the first death only`);
    await device.reaches('ready');
    t.equal(device.restarts, 2);
    t.match(scheduler.status(), { waiting: 0, running: 0, suspects: 0 });
    t.equal((await submit('after', 'after')).completion.text, 'after', 'and the device goes on');
  });
}
