import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { EMPTY_TEXT_HASH, type HashedFrame, type StreamEnd } from '#src/core/index.js';
import { FrameLog } from '#src/node/frame-log.js';
import { TokenStreams } from '#src/node/token-streams.js';
import { TextAssembler } from '#src/workers/engines/tokens/token-text.js';
import { textHash } from '../fixtures/text-hash.js';

const END: StreamEnd = { ok: false, error: { code: 'cancelled', message: 'x', fields: {} } };

t.test('every frame carries the hash of all text so far, whoever reads it and from wherever', async (t) => {
  t.equal(EMPTY_TEXT_HASH, textHash(''));
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.string({ unit: 'grapheme', maxLength: 200 }) },
    { weight: 1, arbitrary: fc.constant(undefined) },
    { weight: 2, arbitrary: fc.nat({ max: 6 }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const streams = new TokenStreams();
      const target = { kind: 'request', id: 'r' } as const;
      const writer = streams.open(target);
      let texts: string[] = [];
      let run = 0;
      const hashes: string[] = [];
      const seen = new Map<string, HashedFrame>();
      const read = (from: number): void => {
        streams.subscribe(target, from, {
          onFrame: (frame) => {
            assert.equal(frame.hash, textHash(texts.slice(0, frame.index + 1).join('')));
            const key = `${run}:${frame.index}`;
            assert.equal(seen.get(key) ?? frame, frame, 'one object for all readers, who encode it once');
            seen.set(key, frame);
          },
          onRestart: () => undefined,
          onEnd: (_, hash) => void hashes.push(hash),
        });
      };
      for (const what of steps) {
        if (typeof what === 'number') read(what);
        else if (what === undefined) {
          texts = [];
          run++;
          writer.restart();
        } else {
          texts = [...texts, what];
          writer.push({ index: texts.length - 1, text: what, tokens: [texts.length] });
        }
      }
      read(0);
      read(1000);
      writer.end(END);
      read(0);
      assert.ok(hashes.length >= 3);
      for (const hash of hashes) assert.equal(hash, textHash(texts.join('')));
    }),
    { numRuns: 100 },
  );
});

t.test('the frames of any bytes, cut anywhere, hash to what their text hashes to', async () => {
  // What breaks characters: pieces of four-byte ones, bytes that are never UTF-8, surrogates in three bytes.
  const bytes = fc.array(
    fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 4 }),
      fc.constantFrom('🙂', 'é', '漢', 'a').map((text) => new TextEncoder().encode(text)),
      fc.constant(Uint8Array.of(0xed, 0xa0, 0xbd)),
    ),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(bytes, fc.integer({ min: 1, max: 5 }), (chunks, size) => {
      const assembler = new TextAssembler();
      const frames = new FrameLog();
      const whole = Buffer.concat(chunks);
      let text = '';
      const write = (part: string): void => {
        frames.write({ index: 0, text: part, tokens: [] });
        text += part;
        assert.equal(frames.hash(), textHash(text));
      };
      for (let at = 0; at < whole.length; at += size) {
        write(assembler.push({ bytes: whole.subarray(at, at + size), text: undefined }));
      }
      write(assembler.end());
      assert.ok(!/\p{Surrogate}/u.test(text), 'whole characters only');
    }),
    { numRuns: 300 },
  );
});
