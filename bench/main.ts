import { Command, Option } from 'commander';
import { overhead } from './overhead.js';

const program = new Command('bench').description(
  'questions of speed, each answered by a ratio within one run',
);
program
  .command('overhead')
  .description('a bare node-llama-cpp loop against the whole way to a WebSocket client')
  .addOption(new Option('--streams <n...>', 'how many prompts run at once').default(['1', '8']))
  .option('--rounds <n>', 'alternating rounds; the medians count', '11')
  .option('--tokens <n>', 'tokens of each answer', '256')
  .option('--json', 'the result as one NDJSON line, the last on stdout')
  .action(overhead);
await program.parseAsync(process.argv);
