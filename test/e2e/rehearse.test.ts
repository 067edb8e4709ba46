import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { z } from 'zod';
import { modelConfig, runCli, tempDir } from './cli.js';

const PROMPTS = 4;
/** Of the dev chain: both fees are one unit a token. */
const FEE_PER_TOKEN = 1;
const COLLATERAL = 1_000_000_000;

const amount = z.coerce.number();
const Answer = z.object({
  small_id: amount,
  input_tokens: z.number(),
  output_tokens: z.number(),
  root: z.string(),
  paid: amount.nullable(),
});
const Line = z.discriminatedUnion('type', [
  z.object({ type: z.literal('model'), model: z.string() }).loose(),
  z.object({
    type: z.literal('stage'),
    nodes: z.array(z.object({ small_id: amount, role: z.string() })),
  }),
  z.object({ type: z.literal('committed'), ticket_id: z.string() }).loose(),
  z.object({ type: z.literal('disputes'), tickets: z.number() }),
  z.object({
    type: z.literal('ticket'),
    settled: z.boolean(),
    disputed: z.boolean(),
    oracle: amount.nullable(),
    answers: z.array(Answer),
  }),
  z.object({
    type: z.literal('node'),
    small_id: amount,
    role: z.string(),
    commitments: z.number(),
    earned: amount,
    lost: amount,
    collateral: amount,
    deadline_margin_ms_min: z.number().nullable(),
    deadline_margin_ms_median: z.number().nullable(),
    first_token_ms: z.number().nullable(),
  }),
  z.object({ type: z.literal('summary'), ok: z.boolean() }).loose(),
]);
type Line = z.infer<typeof Line>;

t.test('one of three nodes lies, and the numbers add up', async (t) => {
  const args = ['--model-config-path', await modelConfig(t), '--max-tokens', '12', '--json'];
  const { code, stdout, stderr } = await runCli(['rehearse', ...args, '--prompts', String(PROMPTS)]);
  t.equal(code, 0, stderr);
  const lines = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => Line.parse(JSON.parse(line)));
  const of = <T extends Line['type']>(type: T) =>
    lines.filter((line): line is Extract<Line, { type: T }> => line.type === type);
  const nodes = of('node');
  const [honest, liars, oracles] = ['honest', 'liar', 'oracle'].map((role) =>
    nodes.filter((node) => node.role === role),
  );
  t.strictSame([honest?.length, liars?.length, oracles?.length], [2, 1, 1], 'who plays');
  const oracle = oracles?.[0]?.small_id;

  t.equal(of('committed').length, PROMPTS);
  t.equal(of('ticket').length, PROMPTS);
  for (const ticket of of('ticket')) {
    t.match(ticket, { settled: true, disputed: true, oracle }, 'the liar is found out each time');
    const roots = new Set(ticket.answers.filter(({ paid }) => paid !== null).map(({ root }) => root));
    t.equal(roots.size, 1, 'those who are paid said the same');
    t.equal(new Set(ticket.answers.map(({ root }) => root)).size, 2, 'and one said something else');
  }
  for (const { small_id, earned, lost, collateral, commitments, ...figures } of honest ?? []) {
    const answers = of('ticket').flatMap((ticket) =>
      ticket.answers.filter((answer) => answer.small_id === small_id),
    );
    const tokens = answers.reduce((sum, answer) => sum + answer.input_tokens + answer.output_tokens, 0);
    t.equal(earned, tokens * FEE_PER_TOKEN, 'an honest node earned what its tokens cost');
    t.strictSame([lost, collateral, commitments], [0, COLLATERAL, PROMPTS], 'and lost nothing');
    const { deadline_margin_ms_min: min, deadline_margin_ms_median: median, first_token_ms } = figures;
    t.ok(min !== null && median !== null && 0 < min && min <= median && median < 60_000, 'in time');
    t.ok((first_token_ms ?? -1) >= 0, 'with a first token');
  }
  t.match(liars, [{ earned: 0, lost: COLLATERAL, collateral: 0 }], 'the liar lost everything');
  t.match(oracles, [{ earned: 0, lost: 0, collateral: COLLATERAL }]);
  t.match(of('summary'), [{ ok: true, prompts: PROMPTS, settled: PROMPTS, disputed: PROMPTS, problems: 0 }]);
  t.equal(lines.at(-1)?.type, 'summary', 'comes last');
});

t.test('where nobody lies, nothing is disputed and nothing is left behind', async (t) => {
  const TMPDIR = await tempDir(t);
  // One file, in which nothing of the chain is filled in yet.
  const models = (await readFile(await modelConfig(t), 'utf8')).replace('[pool]', '[inference.pool]');
  const config = join(await tempDir(t), 'node.toml');
  await writeFile(config, `[inference]\n${models}\n[event_subscriber]\n[client]\n`);
  const args = ['--config-path', config, '--max-tokens', '8', '--prompts', '2'];
  const { code, stdout, stderr } = await runCli(['rehearse', '--honest', ...args], { TMPDIR });
  t.equal(code, 0, stderr);
  t.match(stdout, /2 of 2 tickets settled, 0 of them by the oracle/);
  t.match(stdout, /All as it must: .* nobody lost anything/);
  t.notMatch(stdout, /lies/);
  t.strictSame(await readdir(TMPDIR), [], 'the temporary folder is gone');
});
