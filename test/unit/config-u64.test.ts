import fc from 'fast-check';
import t from 'tap';
import { loadConfig } from '#src/config/index.js';
import { CLIENT, configFolder, MODEL, problemLines, SUBSCRIBER } from './config-folder.js';

/** Loads the three files with this small id in both chain files. */
async function folderWithSmallId(t: { teardown(handler: () => Promise<void>): void }) {
  const { write } = await configFolder(t);
  const modelConfigPath = await write('model.toml', MODEL);
  return async (literal: string) =>
    loadConfig({
      modelConfigPath,
      suiSubscriberPath: await write('subscriber.toml', SUBSCRIBER.replace('28972375', literal)),
      atomaSuiClientConfigPath: await write('client.toml', CLIENT.replace('28972375', literal)),
    });
}

t.test('any u64 comes through as a string, and below 2^63 as an integer', async (t) => {
  const load = await folderWithSmallId(t);
  await t.resolves(
    fc.assert(
      fc.asyncProperty(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), async (id) => {
        const literals = id < 2n ** 63n ? [`"${id}"`, `${id}`, `0x${id.toString(16)}`] : [`"${id}"`];
        for (const literal of literals) {
          const { chain } = await load(literal);
          if (chain?.subscriber.smallId !== id || chain.client.smallId !== id) return false;
        }
        return true;
      }),
      { numRuns: 40, examples: [[0n], [2n ** 53n], [2n ** 63n - 1n], [2n ** 63n], [2n ** 64n - 1n]] },
    ),
  );
});

t.test('an integer that the parser cannot hold is refused, never taken for another one', async (t) => {
  const load = await folderWithSmallId(t);
  await t.resolves(
    fc.assert(
      fc.asyncProperty(fc.bigInt({ min: 2n ** 63n, max: 2n ** 70n }), async (id) => {
        const lines = await problemLines(load(`${id}`));
        return lines.length === 3 && lines.slice(1).every((line) => line.includes(`small_id: found ${id} `));
      }),
      { numRuns: 40, examples: [[2n ** 63n], [2n ** 64n - 1n], [2n ** 64n], [2n ** 64n + 5n]] },
    ),
  );
});

t.test('what is said about values that are no u64', async (t) => {
  const load = await folderWithSmallId(t);
  const cases: readonly (readonly [string, RegExp])[] = [
    ['18446744073709551615', /the TOML parser reads it as -1.*write it as a string, "18446744073709551615"/],
    ['0xFFFF_FFFF_FFFF_FFFF', /found 18446744073709551615 .*write it as a string/],
    [
      '18446744073709551616',
      /found 18446744073709551616 .*reads it as 0\), wanted a whole number from 0 to 184/,
    ],
    [
      '"18446744073709551616"',
      /found "18446744073709551616", wanted a whole number from 0 to 18446744073709551615/,
    ],
    ['-1', /found -1, wanted .*reads integers above 9223372036854775807 as negative.*as a string/],
    ['"-1"', /found "-1", wanted/],
    ['"0x10"', /found "0x10", wanted .*string of decimal digits/],
    ['1.5', /found 1\.5, wanted/],
    ['nan', /found NaN, wanted/],
    ['true', /found true, wanted/],
    ['"<SMALL_ID>"', /placeholder/],
  ];
  for (const [literal, expected] of cases) {
    const lines = await problemLines(load(literal));
    t.match(lines[1], expected, literal);
    t.equal(lines.length, 3, 'one problem for each of the two files');
  }
});
