import { pino } from 'pino';
import t from 'tap';
import type { Part } from '#src/cli/rehearsal/cast.js';
import { rehearsal } from '#src/cli/rehearsal/rehearsal.js';
import type { RehearsalReport } from '#src/cli/rehearsal/report.js';
import { loadConfig } from '#src/config/index.js';
import type { Completion } from '#src/core/index.js';
import { modelConfig, tempDir } from './cli.js';

const DRIFTING_TOKEN = 999;
const DRIFTS_AT = 3;
const SILENT: RehearsalReport = {
  loaded: () => undefined,
  staged: () => undefined,
  committed: () => undefined,
  disputed: () => undefined,
  end: () => undefined,
};

t.test('honest nodes that answer differently are what a rehearsal is there to find', async (t) => {
  const { inference } = await loadConfig({ modelConfigPath: await modelConfig(t) });
  const [model] = inference.models;
  if (model === undefined) throw new Error('there is a model');
  let answered = 0;
  // As numbers do that depend on who else is in the batch: one token of one answer, and the text with it.
  const drift = (completion: Completion): Completion => {
    if (answered++ > 0) return completion;
    const tokens = completion.tokens.with(DRIFTS_AT, DRIFTING_TOKEN);
    return { ...completion, tokens, text: `${completion.text.slice(0, -1)}?` };
  };
  const parts: readonly Part[] = [
    { role: 'honest' },
    { role: 'honest', alterAnswer: drift },
    { role: 'honest' },
    { role: 'oracle' },
  ];
  const logger = pino({ level: 'silent' });
  const closing: (() => Promise<void>)[] = [];
  t.teardown(async () => {
    for (const close of closing.reverse()) await close();
  });
  const { facts, problems } = await rehearsal(
    { dir: await tempDir(t), inference, model, parts, gpu: 'cpu', prompts: 2, maxTokens: 10n },
    {
      report: SILENT,
      logger,
      nodeLogger: logger,
      signal: new AbortController().signal,
      onProgress: () => undefined,
      onLoaded: () => undefined,
    },
    closing,
  );
  t.strictSame(
    problems.map(({ kind }) => kind),
    ['not_reproducible', 'slashed'],
    'one node was wrong, and lost its collateral for it',
  );
  const [found] = problems;
  const disputed = facts.tickets.filter((ticket) => ticket.disputed);
  t.strictSame(
    disputed.map(({ ticketId }) => ticketId),
    [found?.ticketId],
    'the ticket is named',
  );
  const token = disputed[0]?.parts[0]?.ticket?.answer?.tokens[DRIFTS_AT];
  t.match(found?.message, `first at token ${DRIFTS_AT}: node 1 has ${token}, node 2 has ${DRIFTING_TOKEN}`);
  t.match(found?.message, /sequences = 1/, 'with what to try');
  t.ok(
    facts.tickets.every(({ settled }) => settled),
    'the oracle settled it',
  );
});
