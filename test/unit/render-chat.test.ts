import t from 'tap';
import type { ModelInfo } from '#src/core/index.js';
import { renderChatOf } from '#src/node/render-chat.js';
import { modelInfo } from '../e2e/rpc-fake-node.js';

const CHAT_ML =
  '{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n';
const WITH_TOOLS =
  '{{ bos_token }}{% if tools %}[{{ tools | tojson }}]{% endif %}{% for m in messages %}{{ m.role }}:{{ m.content }}{% for c in (m.tool_calls or []) %}{{ c.function.name }}({{ c.function.arguments | tojson }}){% endfor %}{% if m.tool_call_id %}#{{ m.tool_call_id }}{% endif %};{% endfor %}';

const TOOLS = [{ type: 'function', function: { name: 'now' } }];
const CALLED = [
  { role: 'user', content: 'When?' },
  {
    ...{ role: 'assistant', content: '' },
    tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'now', arguments: '{"zone":"UTC"}' } }],
  },
  { role: 'tool', content: 'noon', tool_call_id: 'call_1' },
];

function models(source: string): readonly ModelInfo[] {
  return [{ ...modelInfo('tiny'), chatTemplate: { source, bosText: '<s>', eosText: '</s>' } }];
}

t.test('a template that knows tools gets them, with arguments as objects', async (t) => {
  const chat = { model: 'tiny', messages: CALLED, tools: TOOLS };
  t.equal(
    renderChatOf(chat, models(WITH_TOOLS)),
    '<s>[[{"type": "function", "function": {"name": "now"}}]]user:When?;assistant:now({"zone": "UTC"});tool:noon#call_1;',
  );
  const without = renderChatOf({ model: 'tiny', messages: CALLED.slice(0, 1) }, models(WITH_TOOLS));
  t.equal(without, '<s>user:When?;');
});

t.test('where a template knows none, they are described in the system message', async (t) => {
  const text = renderChatOf({ model: 'tiny', messages: CALLED, tools: TOOLS }, models(CHAT_ML));
  t.match(text, /^<\|im_start\|>system\nYou may call functions/);
  t.match(text, '<tools>\n{"type":"function","function":{"name":"now"}}\n</tools>');
  t.match(text, 'assistant\n<tool_call>\n{"name":"now","arguments":{"zone":"UTC"}}\n</tool_call><|im_end|>');
  t.match(text, 'user\n<tool_response>\nnoon\n</tool_response><|im_end|>');
  const messages = [{ role: 'system', content: 'Be brief.' }, ...CALLED.slice(0, 1)];
  const joined = renderChatOf({ model: 'tiny', messages, tools: TOOLS }, models(CHAT_ML));
  t.match(joined, /^<\|im_start\|>system\nBe brief\.\n\nYou may call functions/);
  t.equal(joined.match(/im_start\|>system/g)?.length, 1);
});

t.test('a model that is not there or takes no chats is an error', async (t) => {
  const chat = { model: 'tiny', messages: CALLED };
  t.throws(() => renderChatOf(chat, []), { code: 'unknown_model' });
  t.throws(() => renderChatOf(chat, [modelInfo('tiny')]), { code: 'no_chat_template' });
});
