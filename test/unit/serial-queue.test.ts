import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import t from 'tap';
import { SerialQueue } from '#src/chain/index.js';

const order = fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined });

t.test('one at a time, lowest order first, equals as they came, failures in nobody’s way', async () => {
  const piece = fc.record({ order, fails: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 20 }), async (pieces) => {
      const queue = new SerialQueue();
      const ran: number[] = [];
      let running = 0;
      const results = await Promise.allSettled(
        pieces.map(({ order, fails }, index) =>
          queue.run(async () => {
            if (++running !== 1) throw new Error('two at once');
            ran.push(index);
            await turn();
            running--;
            if (fails) throw new Error('failed');
            return index;
          }, order),
        ),
      );
      const late = Number.POSITIVE_INFINITY;
      const byOrder = [...pieces.entries()].sort(([, a], [, b]) => {
        const [first, second] = [a.order ?? late, b.order ?? late];
        return first === second ? 0 : first - second;
      });
      if (byOrder.some(([index], place) => ran[place] !== index)) return false;
      return results.every(({ status }, index) => (status === 'rejected') === pieces[index]?.fails);
    }),
  );
});

t.test('what comes later with an earlier order overtakes what waits, not what runs', async (t) => {
  const queue = new SerialQueue();
  const ran: string[] = [];
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const first = queue.run(async () => {
    ran.push('first');
    await held;
  }, 9);
  await turn();
  const others = [
    queue.run(async () => ran.push('waits'), 5),
    queue.run(async () => ran.push('overtakes'), 1),
  ];
  release();
  await Promise.all([first, ...others]);
  t.strictSame(ran, ['first', 'overtakes', 'waits']);
  t.equal(await queue.run(async () => 'again'), 'again');
});
