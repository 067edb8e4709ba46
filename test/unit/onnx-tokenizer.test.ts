import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { getLlama, LlamaLogLevel, type Token } from 'node-llama-cpp';
import t from 'tap';
import { loadLibrary } from '#src/workers/engines/onnx/library.js';
import { endTokens } from '#src/workers/engines/tokens/end-tokens.js';
import { LlamaTokenText } from '#src/workers/engines/tokens/llama-token-text.js';
import { type LibraryTokenizer, OnnxTokenizer } from '#src/workers/engines/tokens/onnx-tokenizer.js';
import { TextAssembler } from '#src/workers/engines/tokens/token-text.js';
import { TINY_F16, TINY_FOLDER } from '../fixtures/tiny-weights.js';

async function json(name: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(TINY_FOLDER, name), 'utf8'));
}

async function demo(): Promise<OnnxTokenizer> {
  const { AutoTokenizer } = await loadLibrary('onnx', 1);
  return new OnnxTokenizer(await AutoTokenizer.from_pretrained(TINY_FOLDER), {
    tokenizer: await json('tokenizer.json'),
    config: await json('config.json'),
    generation: await json('generation_config.json'),
  });
}

/** A tokenizer in SentencePiece's manner, as Llama 2 has it. */
function sentencePiece(given: { readonly addsBos: boolean }): OnnxTokenizer {
  const library: LibraryTokenizer = {
    bos_token_id: 1,
    eos_token_id: 2,
    encode: (text, { add_special_tokens }) => [
      ...(add_special_tokens && given.addsBos ? [1] : []),
      text.length + 10,
    ],
  };
  return new OnnxTokenizer(library, {
    config: {},
    generation: {},
    tokenizer: {
      decoder: { type: 'Sequence', decoders: [{ type: 'Replace' }, { type: 'ByteFallback' }] },
      added_tokens: [
        { id: 1, content: '<s>', special: true },
        { id: 2, content: '</s>', special: true },
        { id: 8, content: '▁kept▁', special: false },
      ],
      model: {
        vocab: { '<unk>': 0, '<s>': 1, '</s>': 2, '<0xC3>': 3, '<0xA9>': 4, '▁the': 5, é: 6, '▁': 7 },
      },
    },
  });
}

t.test('every token of the demo model stands for the same bytes in GGUF and in ONNX', async (t) => {
  const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error });
  const model = await llama.loadModel({ modelPath: TINY_F16.file, gpuLayers: 0 });
  t.teardown(() => llama.dispose());
  const gguf = new LlamaTokenText(model, TINY_F16.file);
  const onnx = await demo();
  const differing = [];
  for (let token = 0; token < onnx.size; token++) {
    const { bytes } = await gguf.piece(token as Token);
    if (!Buffer.from(bytes).equals(onnx.piece(token).bytes)) differing.push(token);
  }
  t.same(differing, []);
  t.equal(onnx.size, 1024);
  t.equal(onnx.bos, undefined, 'it adds no BOS');
  t.same([...onnx.ends].sort(), [0, 2]);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
      t.same(onnx.encode(text), model.tokenize(text, true));
    }),
    { examples: [['<|im_start|>user\nhi<|im_end|>'], ['é😀 <|endoftext|>']] },
  );
});

t.test('the tokens of any text assemble to the text', async (t) => {
  const tokenizer = await demo();
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const assembler = new TextAssembler();
      const pieces = tokenizer.encode(text).map((token) => assembler.push(tokenizer.piece(token)));
      return pieces.join('') + assembler.end() === text;
    }),
    { examples: [['é'], ['😀 ok'], [' leading space'], ['\uFFFD'], ['\n\n\t'], ['<0x41>']] },
  );
  t.pass();
});

t.test('a SentencePiece vocabulary: spaces, bytes, special tokens', async (t) => {
  const tokenizer = sentencePiece({ addsBos: true });
  const text = (tokens: readonly number[]): string => {
    const assembler = new TextAssembler();
    return tokens.map((token) => assembler.push(tokenizer.piece(token))).join('') + assembler.end();
  };
  t.equal(text([5, 7, 6]), ' the é');
  t.equal(text([3, 4]), 'é', 'a character of two byte tokens');
  t.equal(text([3, 5]), '\uFFFD the', 'half a character');
  t.equal(text([1, 5, 2]), ' the', 'control tokens are no text');
  t.equal(text([8]), '▁kept▁', 'an added token is written as it is');
  t.equal(text([999]), '', 'an id that only pads the vocabulary');
  t.equal(tokenizer.size, 9, 'without a config the vocabulary counts');
  t.same([...tokenizer.ends], [2]);
});

t.test('BOS is put before a prompt where the tokenizer does so itself', async (t) => {
  t.equal(sentencePiece({ addsBos: true }).bos, 1);
  t.equal(sentencePiece({ addsBos: false }).bos, undefined);
});

t.test('tokens that end an answer come from every configuration, and by their texts', async (t) => {
  const texts = new Map([
    ['<|im_end|>', 7],
    ['<|end|>', 8],
  ]);
  const ends = (more: readonly [string, number][] = []): number[] =>
    [...endTokens({ configured: [[1, 2], 3, null, undefined], texts: new Map([...texts, ...more]) })].sort();
  t.same(ends(), [1, 2, 3, 7, 8]);
  t.same(
    ends([
      ['<|return|>', 5],
      ['<|call|>', 6],
    ]),
    [1, 2, 3, 5, 6, 7],
    'gpt-oss ends parts of an answer by <|end|>',
  );
});
