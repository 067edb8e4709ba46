import t from 'tap';
import { MODEL_DIR, modelConfig } from './cli.js';
import { json } from './generate-json.js';

t.test('a seed gives the same answer again, and is told where none was given', async (t) => {
  const hot = [MODEL_DIR, 'Once upon a time', '--temperature', '1.5', '--max-tokens', '12'];
  const first = await json(...hot);
  const again = await json(...hot, '--seed', first.seed);
  t.same(again.tokens, first.tokens);
  const largest = '18446744073709551615';
  const other = await json(...hot, '--seed', largest);
  t.equal(other.seed, largest);
  t.notSame(other.tokens, first.tokens);
});

t.test('the sampling flags reach the model', async (t) => {
  const hot = [MODEL_DIR, 'Once upon a time', '--temperature', '5', '--max-tokens', '8', '--seed', '1'];
  const greedy = await json(MODEL_DIR, 'Once upon a time', '--max-tokens', '8');
  t.same((await json(...hot, '--top-k', '1')).tokens, greedy.tokens);
  const penalized = ['--repeat-penalty', '50', '--repeat-last-n', '64'];
  const { tokens } = await json(MODEL_DIR, 'Once upon a time', '--max-tokens', '24', ...penalized);
  t.equal(new Set(tokens).size, tokens.length);
});

t.test('a configured model by its name, flags before what the file says', async (t) => {
  const config = ['--model-config-path', await modelConfig(t)];
  t.match(await json('atoma-tiny', 'What is the capital of Peru?', '--chat', ...config), {
    text: 'The capital of Peru is Lima.',
    device: 'cpu',
  });
  // Nearly uniform choices, with a seed under which no end token comes up.
  const endless = ['--temperature', '50', '--seed', '1', '--max-tokens', '500'];
  const small = await json('atoma-tiny', 'Once upon a time', '--context-size', '256', ...endless, ...config);
  t.equal(small.finish_reason, 'context');
  // The last one that was chosen takes no place any more.
  t.ok(Math.abs(small.input_tokens + small.output_tokens - 256) <= 1);
});
