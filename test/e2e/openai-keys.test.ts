import OpenAI, { AuthenticationError, PermissionDeniedError, RateLimitError } from 'openai';
import t from 'tap';
import { failureOf } from './openai-node.js';
import { completion } from './rpc-fake-node.js';
import { startGuarded } from './rpc-guarded.js';

const CHAT = { model: 'tiny', messages: [{ role: 'user' as const, content: 'hi' }] };

t.test('keys are OpenAI keys: refused where wrong, for their scopes alone, at their rate', async (t) => {
  const { server, node, secrets } = await startGuarded(
    t,
    {},
    {
      runner: { scopes: ['generate'], requests_per_minute: 2 },
      reader: { scopes: ['read'] },
    },
  );
  node.answer = () => completion('hello', [1]);
  const clientOf = (apiKey: string): OpenAI =>
    new OpenAI({ baseURL: `${server.url}/v1`, apiKey, maxRetries: 0 });
  const runner = clientOf(secrets['runner'] ?? '');
  const reader = clientOf(secrets['reader'] ?? '');

  const wrong = await failureOf(clientOf('sk-wrong').chat.completions.create(CHAT));
  t.ok(wrong instanceof AuthenticationError);
  t.match(wrong, { status: 401, code: 'invalid_api_key', type: 'invalid_request_error' });
  t.equal((await runner.chat.completions.create(CHAT)).choices[0]?.message.content, 'hello');
  for (const client of [runner, reader]) t.equal((await client.models.list()).data.length, 1);
  const forbidden = await failureOf(reader.chat.completions.create(CHAT));
  t.ok(forbidden instanceof PermissionDeniedError);
  t.match(forbidden, { status: 403, code: 'insufficient_permissions' });

  const tooMany = await failureOf(runner.chat.completions.create({ ...CHAT, n: 2 }));
  if (!(tooMany instanceof RateLimitError)) throw new Error('not limited');
  t.equal(tooMany.code, 'rate_limit_exceeded', 'each choice counts as a request');
  t.match(tooMany.headers?.get('retry-after'), /^[1-9]\d*$/);
  const streamed = await failureOf(runner.chat.completions.create({ ...CHAT, stream: true }));
  t.ok(streamed instanceof RateLimitError);
});
