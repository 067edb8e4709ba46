import { Command } from 'commander';
import { type StormReport, storm } from './storm.js';

interface Flags {
  readonly kills: string;
  readonly seed: string;
  readonly json?: boolean;
}

const flags = new Command('fault')
  .description(
    'kills a node and its device processes at random moments, takes the chain away and brings it back, while prompts come all along; counts what was lost. Linux only.',
  )
  .option('--kills <n>', 'how often the node is killed', '200')
  .option('--seed <n>', 'makes the same moments again', String(Date.now() % 1_000_000))
  .option('--json', 'the report as one line of JSON on stdout')
  .parse()
  .opts<Flags>();

const wholeNumber = (flag: string, text: string): number => {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  process.stderr.write(`error: ${flag} is ${JSON.stringify(text)}, wanted a whole number\n`);
  process.exit(2);
};

const kills = wholeNumber('--kills', flags.kills);
const seed = wholeNumber('--seed', flags.seed);
process.stderr.write(`seed ${seed}\n`);
const onProgress = (report: StormReport): void => {
  const { kills: done, tickets, settled, seconds } = report;
  process.stderr.write(
    `\r${done} of ${kills} kills, ${settled} of ${tickets} tickets settled, ${seconds} s `,
  );
};
const report = await storm({ kills, lifeMs: 1500, promptIntervalMs: 500, seed, onProgress });
process.stderr.write('\n');
if (flags.json) process.stdout.write(`${JSON.stringify(report)}\n`);
else for (const [name, value] of Object.entries(report)) process.stdout.write(`${name.padEnd(16)}${value}\n`);
const { lost, double_commits: double, different_roots: different } = report;
process.exitCode = lost + double + different === 0 ? 0 : 1;
