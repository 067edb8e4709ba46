import t from 'tap';
import { AtomaError } from '#src/core/index.js';
import { type Check, needed, ok, runChecks } from '#src/node/doctor/check.js';
import { judgeClock } from '#src/node/doctor/endpoint.js';
import { judgeGpus } from '#src/node/doctor/hardware.js';
import { judgeNode } from '#src/node/doctor/machine.js';
import { splitMessage } from '#src/node/doctor/sentences.js';
import { judgeSubscriptions } from '#src/node/doctor/subscriptions.js';
import { suiText } from '#src/node/doctor/sui-amount.js';
import type { Gpu, Hardware } from '#src/workers/index.js';

function check(name: string, run: Check['run'], given: Partial<Check> = {}): Check {
  return { area: 'test', name, run, ...given };
}

t.test('checks run at once, answer for themselves, and come out in their order', async (t) => {
  const done: string[] = [];
  let release: () => void = () => undefined;
  const late = new Promise<void>((resolve) => {
    release = resolve;
  });
  const results = await runChecks(
    [
      check('slow', async () => {
        await late;
        return ok('there in the end');
      }),
      check('broken', async () => {
        throw new AtomaError('x', 'the disk is full; make room');
      }),
      check('odd', () => Promise.reject('a text'), { otherwise: 'warn', remedy: 'look at it' }),
      check('quick', async () => {
        release();
        return ok('here');
      }),
    ],
    ({ name }) => done.push(name),
  );
  t.match(results, [
    { name: 'slow', status: 'ok', found: 'there in the end' },
    { name: 'broken', status: 'fail', found: 'the disk is full', remedy: 'make room' },
    { name: 'odd', status: 'warn', found: 'a text', remedy: 'look at it' },
    { name: 'quick', status: 'ok' },
  ]);
  t.same([...done].sort(), ['broken', 'odd', 'quick', 'slow']);
});

t.test('a check that does not come back is given up, and told so', async (t) => {
  let aborted = false;
  const hangs = check(
    'hangs',
    (signal) => {
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      return new Promise(() => undefined);
    },
    { limitMs: 20 },
  );
  t.match(await runChecks([hangs], () => undefined), [{ status: 'fail', found: 'no answer in 0.02 s' }]);
  t.equal(aborted, true);
});

t.test('what cannot be told for want of something else is no failure', async (t) => {
  const dependent = check('needs it', async () =>
    ok(await needed(Promise.reject(new Error('down')), 'it is down')),
  );
  t.match(await runChecks([dependent], () => undefined), [
    { status: 'skip', found: 'not checked: it is down', remedy: undefined },
  ]);
});

t.test('Node.js by its version', async (t) => {
  t.equal(judgeNode('22.0.0').status, 'ok');
  t.equal(judgeNode('24.21.0').status, 'ok');
  t.equal(judgeNode('20.19.0').status, 'warn');
  t.match(judgeNode('20.18.3'), { status: 'fail', remedy: /22/ });
  t.equal(judgeNode('21.7.0').status, 'fail');
  t.equal(judgeNode('18.20.0').status, 'fail');
});

t.test('a clock ahead of the chain may also be a chain that trails', async (t) => {
  t.equal(judgeClock(300).status, 'ok');
  t.equal(judgeClock(-1_900).status, 'ok');
  t.match(judgeClock(2_500), { status: 'warn', found: /2\.5 s ahead/, remedy: /trails/ });
  t.match(judgeClock(-31_000), { status: 'fail', found: /31\.0 s behind/, remedy: /NTP/ });
  t.equal(judgeClock(undefined).status, 'warn');
});

t.test('a search that did not reach the start says how far it came', async (t) => {
  const history = { subscriptions: [], complete: false, since: 77n };
  t.match(judgeSubscriptions(history, 5n, ['m']), {
    status: 'warn',
    found: 'no subscription of node 5 seen since checkpoint 77, where the search ended',
  });
});

t.test('messages are cut before what is to be done, and nowhere else', async (t) => {
  t.same(splitMessage('there is no a.txt; check the path.'), {
    found: 'there is no a.txt',
    remedy: 'check the path',
  });
  t.same(splitMessage('it is empty. Make a key with `sui`'), {
    found: 'it is empty',
    remedy: 'Make a key with `sui`',
  });
  t.same(splitMessage('mode 644: run `chmod 600 x`'), { found: 'mode 644', remedy: 'run `chmod 600 x`' });
  t.same(splitMessage('a: wanted b; c: wanted d'), { found: 'a: wanted b; c: wanted d', remedy: undefined });
});

t.test('amounts for people', async (t) => {
  t.equal(suiText(10_000_000n), '0.01 SUI');
  t.equal(suiText(200_000_000_000n), '200 SUI');
});

const GPU: Gpu = {
  index: 0,
  uuid: 'GPU-1f2e',
  name: 'NVIDIA H100',
  memoryBytes: 80 * 1024 ** 3,
  freeBytes: 79 * 1024 ** 3,
  driver: '570.1',
  vulkanIndex: undefined,
  mig: [],
};

function hardware(given: Partial<Hardware>): Hardware {
  return {
    ...{ gpus: [], gpu: false, builds: [], driverFault: undefined },
    ...{ llama: { works: true }, onnx: { works: true } },
    ...{ cpu: { model: 'a CPU', cores: 2 }, memory: { totalBytes: 1, freeBytes: 1 } },
    ...given,
  };
}

t.test('GPUs, and whether they can be reached', async (t) => {
  t.match(judgeGpus(hardware({}), 'auto'), { status: 'ok', found: /none found/ });
  t.match(judgeGpus(hardware({ gpus: [GPU], gpu: 'cuda' }), 'auto'), {
    status: 'ok',
    found: '0: NVIDIA H100 (80.0 GiB, 79.0 GiB free, driver 570.1, GPU-1f2e); reached through cuda',
  });
  t.match(judgeGpus(hardware({ gpus: [GPU] }), 'cpu'), { status: 'ok', found: /left alone/ });
  const broken = { gpu: 'cuda', state: { works: false, why: 'it needs libcudart' } } as const;
  t.match(judgeGpus(hardware({ gpus: [GPU], builds: [broken] }), 'auto'), {
    status: 'warn',
    found: /reaches none of them \(cuda: it needs libcudart\)/,
    remedy: /driver/,
  });
  t.match(judgeGpus(hardware({ builds: [broken] }), 'cuda'), {
    status: 'fail',
    found: /build for cuda cannot be used here/,
  });
  t.match(judgeGpus(hardware({ driverFault: 'Driver/library version mismatch' }), 'auto'), {
    status: 'warn',
    found: /version mismatch/,
    remedy: /restart/,
  });
});
