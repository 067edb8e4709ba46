import { Command, Option } from 'commander';
import { backends } from './backends.js';
import { batching } from './batching.js';
import { fanout } from './fanout.js';
import { intake } from './intake.js';
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
program
  .command('intake')
  .description('events a second from a backlog, and the delay of live ones')
  .option('--events <n>', 'events of the backlog, one in 100 for the node', '100000')
  .option('--live <n>', 'live events', '600')
  .option('--rounds <n>', 'reads of the backlog; the median counts', '5')
  .option('--json', 'the result as one NDJSON line, the last on stdout')
  .action(intake);
program
  .command('backends')
  .description(
    'ONNX Runtime, native and as WebAssembly, against llama.cpp, each on the CPU with the same numbers',
  )
  .option('--rounds <n>', 'alternating rounds; the medians count', '7')
  .option('--tokens <n>', 'tokens of each answer', '128')
  .option('--json', 'the result as one NDJSON line, the last on stdout')
  .action(backends);
program
  .command('batching')
  .description(
    'batches that cut prompts always alike against mixed ones: whether company changes bits, and the cost',
  )
  .option('--rounds <n>', 'alternating rounds; the medians count', '7')
  .option('--json', 'the result as one NDJSON line, the last on stdout')
  .action(batching);
program
  .command('fanout')
  .description('memory of idle WebSocket subscribers, and the delay of tokens to many readers of one stream')
  .option('--idle <n>', 'idle subscribers, each on a socket of its own', '10000')
  .option('--readers <n>', 'readers of one stream', '1000')
  .option('--tokens <n>', 'tokens of the stream', '200')
  .option('--rate <n>', 'tokens a second', '20')
  .option('--rounds <n>', 'rounds with and without a reader that stops reading; the medians count', '3')
  .option('--json', 'the result as one NDJSON line, the last on stdout')
  .action(fanout);
await program.parseAsync(process.argv);
