import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';
import t from 'tap';
import { LlamaTokenText } from '#src/workers/engines/tokens/llama-token-text.js';
import { TextAssembler } from '#src/workers/engines/tokens/token-text.js';

const FILE = fileURLToPath(new URL('../../../models/atoma-tiny/atoma-tiny.Q8_0.gguf', import.meta.url));

t.test('the bytes of the tokens of any text are the bytes of the text', async (t) => {
  const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error });
  const model = await llama.loadModel({ modelPath: FILE, gpuLayers: 0 });
  t.teardown(() => llama.dispose());
  const text = new LlamaTokenText(model, FILE);
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1 }), async (written) => {
      const pieces = await Promise.all(model.tokenize(written, false).map((token) => text.piece(token)));
      const assembler = new TextAssembler();
      const assembled = pieces.map((piece) => assembler.push(piece)).join('') + assembler.end();
      return (
        Buffer.concat(pieces.map(({ bytes }) => bytes)).equals(Buffer.from(written)) && assembled === written
      );
    }),
    { examples: [['é'], ['😀 ok'], [' leading space'], ['\uFFFD'], ['\n\n\t'], ['<0x41>']] },
  );
  t.pass();
});

t.test('pieces assemble as a decoder would read their bytes', async (t) => {
  const fragment = fc.oneof(
    fc
      .string({ unit: 'grapheme', minLength: 1 })
      .map((text) => ({ bytes: new TextEncoder().encode(text), text })),
    fc.uint8Array({ minLength: 1, maxLength: 3 }).map((bytes) => ({ bytes, text: undefined })),
  );
  fc.assert(
    fc.property(fc.array(fragment), (pieces) => {
      const assembler = new TextAssembler();
      const assembled = pieces.map((piece) => assembler.push(piece)).join('') + assembler.end();
      const whole = new TextDecoder('utf-8', { ignoreBOM: true }).decode(
        Buffer.concat(pieces.map(({ bytes }) => bytes)),
      );
      return assembled === whole;
    }),
    { numRuns: 500 },
  );
  t.pass();
});
