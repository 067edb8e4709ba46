import fc from 'fast-check';
import t from 'tap';
import type { Completion, PromptParams } from '#src/core/index.js';
import type { Engine } from '#src/workers/engines/engine.js';
import { startEngine } from '../fixtures/engine.js';
import { chat, params, QUICK, TINY, TinyDevice } from '../fixtures/tiny-device.js';

const QUIET = { isCancelled: () => false, onToken: () => undefined };
const WORKERS = 2;
const SEQUENCES = 3;

const prompt = fc
  .record({
    /** Any ids below the special ones of the demo model. */
    tokens: fc.array(fc.integer({ min: 260, max: 1000 }), { minLength: 1, maxLength: 120 }),
    temperature: fc.constantFrom(0, 0.7, 4),
    topK: fc.constantFrom(0n, 5n, 40n),
    topP: fc.constantFrom(1, 0.9),
    repeatPenalty: fc.constantFrom(1, 1.3),
    randomSeed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    maxTokens: fc.bigInt({ min: 1n, max: 16n }),
  })
  .map(({ tokens, ...rest }) => params('', { prePromptTokens: tokens, ...rest }));
const job = fc.record({
  prompt,
  reproducible: fc.boolean(),
  /** Ends at this frame; undefined: it is let to its end. */
  cancelAt: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined, freq: 2 }),
});
type TestJob = typeof job extends fc.Arbitrary<infer Value> ? Value : never;

/** Runs a job on the device; undefined where it was cancelled. */
async function runOn(
  device: TinyDevice,
  { prompt, reproducible, cancelAt }: TestJob,
): Promise<Completion | undefined> {
  const abort = new AbortController();
  let frames = 0;
  const running = device.run(
    { id: 'j', params: prompt, reproducible },
    {
      signal: abort.signal,
      onTokens: () => {
        if (++frames === cancelAt) abort.abort();
      },
    },
  );
  return running.catch((error: { code?: string }) => {
    if (error.code === 'cancelled') return undefined;
    throw error;
  });
}

/** What counts: text, tokens, counts and how it ended. */
const bytes = ({ text, tokens, inputTokens, promptTokens, finishReason }: Omit<Completion, 'profile'>) => ({
  ...{ text, tokens, inputTokens, promptTokens, finishReason },
});

const alone = async (engine: Engine, prompt: PromptParams) => bytes(await engine.generate(prompt, QUIET));

for (const { name, file, batching } of [
  { name: 'Q8_0', file: TINY, batching: undefined },
  { name: 'F16 in mixed batches', file: TINY.replace('Q8_0', 'F16'), batching: 'mixed' },
] as const) {
  t.test(`${name}: a prompt among others gives the bytes that it gives alone`, async (t) => {
    // Another pool of the same profile: one sequence, in another process.
    const weights = { format: 'gguf', file, bytes: 0 } as const;
    const lonely = await startEngine(t, 'llama', { weights, sequences: 1 });
    const pool = {
      workers: WORKERS,
      sequences: SEQUENCES,
      file,
      ...(batching !== undefined && { batching }),
    };
    const device = await TinyDevice.started(t, { options: QUICK, pool });
    const info = device.models[0];
    t.comment(`${info?.profile.verdict}: ${info?.verdictReason}`);
    const isInvariant = info?.profile.verdict === 'batch-invariant';
    t.equal(device.exclusiveCapacity('tiny'), isInvariant ? undefined : WORKERS);

    await fc.assert(
      fc.asyncProperty(fc.array(job, { minLength: 1, maxLength: WORKERS * SEQUENCES }), async (jobs) => {
        const fitting = isInvariant ? jobs : withinExclusive(jobs);
        const answers = await Promise.all(fitting.map((each) => runOn(device, each)));
        for (const [at, answer] of answers.entries()) {
          const each = fitting[at];
          if (answer === undefined || each === undefined || !(isInvariant || each.reproducible)) continue;
          t.strictSame(bytes(answer), await alone(lonely, each.prompt));
          t.equal(answer.profile, info?.profile.id);
        }
      }),
      { numRuns: 8 },
    );

    const story = params(chat('Tell a story.'), { temperature: 1, randomSeed: 11n, maxTokens: 24n });
    const expected = await alone(lonely, story);
    const everywhere = async (): Promise<void> => {
      const count = device.exclusiveCapacity('tiny') ?? device.capacity('tiny');
      const same = { prompt: story, reproducible: true, cancelAt: undefined };
      const answers = await Promise.all(Array.from({ length: count }, () => runOn(device, same)));
      for (const answer of answers) t.strictSame(answer && bytes(answer), expected);
    };
    await everywhere();
    process.kill(device.process, 'SIGKILL');
    await device.reaches('restarting');
    await device.reaches('ready');
    await everywhere();
    t.equal(device.models[0]?.profile.id, info?.profile.id, 'a new process has the same profile');
  });
}

/** Where reproducible jobs run apart, no more of them than there are places. */
function withinExclusive(jobs: readonly TestJob[]): readonly TestJob[] {
  let places = WORKERS;
  return jobs.map((each) => (each.reproducible && places-- <= 0 ? { ...each, reproducible: false } : each));
}
