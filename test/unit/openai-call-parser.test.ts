import fc from 'fast-check';
import t from 'tap';
import { type AnswerPart, CallParser } from '#src/rpc/openai/tools/call-parser.js';

const NAMES = ['get_weather', 'add'];

interface Answer {
  readonly text: string;
  readonly calls: readonly (readonly [string, string])[];
}

function collect(parts: readonly AnswerPart[]): Answer {
  const text = parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
  const calls = parts.flatMap((part) => {
    if (part.kind !== 'call') return [];
    const json = parts.map((each) => (each.kind === 'arguments' && each.call === part.call ? each.json : ''));
    return [[part.name, json.join('')] as const];
  });
  return { text, calls };
}

function read(pieces: readonly string[], parallel = true): Answer {
  const parser = new CallParser({ names: NAMES, parallel });
  return collect([...pieces.flatMap((piece) => parser.push(piece)), ...parser.end()]);
}

/** The same text in one piece, in single characters, and in random pieces. */
function readInAllWays(text: string, parallel = true): Answer {
  const whole = read([text], parallel);
  fc.assert(
    fc.property(fc.array(fc.nat({ max: text.length }), { maxLength: 12 }), (cuts) => {
      const ends = [...cuts.sort((one, other) => one - other), text.length];
      const pieces = ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));
      return JSON.stringify(read(pieces, parallel)) === JSON.stringify(whole);
    }),
    { numRuns: 50 },
  );
  t.same(read([...text], parallel), whole, 'one character at a time');
  return whole;
}

const LIMA = ['get_weather', '{"city": "Lima"}'] as const;
const SUM = ['add', '{"a":1,"b":[2,"}"]}'] as const;

t.test('calls are told in the forms in which models write them', async (t) => {
  const forms: Record<string, string> = {
    Hermes: '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Lima"}}\n</tool_call>',
    'Hermes without an end': '<tool_call>{"name": "get_weather", "arguments": {"city": "Lima"}}',
    'Llama 3': '{"name": "get_weather", "parameters": {"city": "Lima"}}',
    'Llama 3 with its tag': '<|python_tag|>{"name": "get_weather", "parameters": {"city": "Lima"}}',
    'with a type': '{"type": "function", "name": "get_weather", "parameters": {"city": "Lima"}}',
    Mistral: '[TOOL_CALLS] [{"name": "get_weather", "arguments": {"city": "Lima"}}]',
    'a later Mistral': '[TOOL_CALLS]get_weather[ARGS]{"city": "Lima"}',
    'a list without a mark': ' [{"name": "get_weather", "arguments": {"city": "Lima"}}]\n',
    'arguments as a string': '{"name":"get_weather","arguments":"{\\"city\\": \\"Lima\\"}"}',
  };
  for (const [form, text] of Object.entries(forms)) {
    t.same(readInAllWays(text), { text: '', calls: [LIMA] }, form);
  }
  const swapped = '<tool_call>{"arguments": {"city":"Lima"}, "name": "get_weather"}</tool_call>';
  t.same(readInAllWays(swapped), { text: '', calls: [['get_weather', '{"city":"Lima"}']] });
  t.same(readInAllWays('{"name":"add"}'), { text: '', calls: [['add', '{}']] });
});

t.test('an answer may hold several calls, and text before them', async (t) => {
  const json = (name: string, args: string): string => `{"name":"${name}","arguments":${args}}`;
  const hermes = `Let me see.\n<tool_call>\n${json(...LIMA)}\n</tool_call>\n<tool_call>${json(...SUM)}</tool_call>\n`;
  t.same(readInAllWays(hermes), { text: 'Let me see.\n', calls: [LIMA, SUM] });
  t.same(readInAllWays(`[TOOL_CALLS][${json(...LIMA)}, ${json(...SUM)}]`), { text: '', calls: [LIMA, SUM] });
  t.same(readInAllWays(`${json(...LIMA)}; ${json(...SUM)}`), { text: '', calls: [LIMA, SUM] });
  t.same(readInAllWays(`${json(...LIMA)}\n${json(...SUM)}`), { text: '', calls: [LIMA, SUM] });
  t.same(readInAllWays(hermes, false), { text: 'Let me see.\n', calls: [LIMA] });
  t.same(readInAllWays(`${json(...LIMA)} and so on`, false), { text: '', calls: [LIMA] });
});

t.test('what is no call is text to the last character', async (t) => {
  for (const text of [
    'Plain words.',
    '',
    '  \n',
    'a < b, <tool_box> and [TOOLS]',
    '{"city": "Lima"}',
    '{"name": "Bob", "age": 3}',
    '{"name": "no_such_tool", "arguments": {}}',
    '<tool_call>{"name": "no_such_tool", "arguments": {}}</tool_call>',
    '<tool_call> is what calls begin with',
    '[1, 2, 3]',
    '[{"a": 1}]',
    '[TOOL_CALLS] what?',
    'text, then {"name":"add","arguments":{}}',
    '<tool_call>{"name": "add"',
    '{"name": "get_w',
    '<tool_c',
  ]) {
    t.same(readInAllWays(text), { text, calls: [] }, JSON.stringify(text));
  }
});

t.test('any text that begins no call comes through as it is', async (t) => {
  const word = fc.constantFrom(
    '<',
    'tool_call',
    '>',
    '[',
    ']',
    '{',
    '}',
    '"',
    ' ',
    '\n',
    'name',
    ':',
    'TOOL_CALLS',
    'x',
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), (pieces) => read(pieces).text === pieces.join('')),
  );
  t.pass();
});

t.test('text is sent as soon as it can be no call', async (t) => {
  const parser = new CallParser({ names: NAMES, parallel: true });
  t.same(parser.push('The'), [{ kind: 'text', text: 'The' }]);
  t.same(parser.push(' <'), [{ kind: 'text', text: ' ' }], 'what may begin a mark waits');
  t.same(parser.push('b>'), [{ kind: 'text', text: '<b>' }]);
});

t.test('arguments are sent as they come, once the function is known', async (t) => {
  const parser = new CallParser({ names: NAMES, parallel: true });
  t.same(parser.push('<tool_call>{"name": "add"'), []);
  t.same(parser.push(', "arguments": {"a": 1'), [
    { kind: 'call', call: 0, name: 'add' },
    { kind: 'arguments', call: 0, json: '{"a": 1' },
  ]);
  t.same(parser.push(', "b": 2}'), [{ kind: 'arguments', call: 0, json: ', "b": 2}' }]);
  t.same(parser.push('}</tool_call>'), []);
  t.same(parser.end(), []);
  t.equal(parser.calls, 1);
});
