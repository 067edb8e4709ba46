import fc from 'fast-check';
import t from 'tap';
import { KeyRates } from '#src/rpc/access/key-rates.js';

const MINUTE_MS = 60_000;

/** Makes the clock stand still at what `at` returns. */
function clock(
  t: { intercept(object: object, name: string, to: PropertyDescriptor): unknown },
  at: () => number,
) {
  t.intercept(Date, 'now', { value: at });
}

/** Whether it was admitted; else how long to wait, ms. */
async function tryAdmit(rates: KeyRates, key: Parameters<KeyRates['admit']>[0]): Promise<true | number> {
  try {
    await rates.admit(key);
    return true;
  } catch (error) {
    const { fields } = error as { fields: { retryAfterMs: number } };
    return fields.retryAfterMs;
  }
}

t.test(
  'in every minute as many requests as the key may, and the next one after the time that was told',
  async (t) => {
    let now = 0;
    clock(t, () => now);
    const run = fc.record({
      limit: fc.integer({ min: 1, max: 20 }),
      pauses: fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 100 }),
    });
    await fc.assert(
      fc.asyncProperty(run, async ({ limit, pauses }) => {
        const [rates, key] = [
          new KeyRates(),
          { id: 'k', requests_per_minute: limit, tokens_per_minute: null },
        ];
        const start = now;
        let admitted = 0;
        for (const pause of pauses) {
          now += pause;
          const result = await tryAdmit(rates, key);
          if (result === true) admitted += 1;
          else {
            if (result < 1 || result > MINUTE_MS) throw new Error(`told to wait ${result} ms`);
            now += result;
            if ((await tryAdmit(rates, key)) !== true) throw new Error('refused after the wait');
            admitted += 1;
          }
        }
        const minutes = Math.floor((now - start) / MINUTE_MS) + 1;
        if (admitted > minutes * limit)
          throw new Error(`${admitted} requests in ${minutes} minutes of ${limit}`);
      }),
      { numRuns: 50 },
    );
  },
);

t.test('tokens that were spent beyond the rate are waited for, however many they are', async (t) => {
  let now = 0;
  clock(t, () => now);
  const run = fc.record({
    limit: fc.integer({ min: 1, max: 1000 }),
    costs: fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 50 }),
  });
  await fc.assert(
    fc.asyncProperty(run, async ({ limit, costs }) => {
      const [rates, key] = [new KeyRates(), { id: 'k', requests_per_minute: null, tokens_per_minute: limit }];
      const start = now;
      let spent = 0;
      for (const cost of costs) {
        const result = await tryAdmit(rates, key);
        if (result !== true) now += result;
        const allowed = ((now - start) / MINUTE_MS + 1) * limit;
        if (spent > allowed) throw new Error(`admitted with ${spent} tokens spent of ${allowed}`);
        await rates.spend(key, cost);
        spent += cost;
      }
    }),
    { numRuns: 50 },
  );
});

t.test('a refusal says what is used up', async (t) => {
  const rates = new KeyRates();
  const key = { id: 'k', requests_per_minute: 1, tokens_per_minute: 10 };
  await rates.admit(key);
  await t.rejects(rates.admit(key), {
    code: 'rate_limited',
    message: /1 requests a minute/,
    fields: { unit: 'requests', limit: 1 },
  });
  await rates.spend(key, 25);
  await t.rejects(rates.admit(key), { code: 'rate_limited', fields: { unit: 'tokens', limit: 10 } });
  await rates.admit({ ...key, id: 'other' });
  await rates.admit({ ...key, requests_per_minute: 2, tokens_per_minute: null });
  t.pass('another key, and another rate of this one, count for themselves');
});
