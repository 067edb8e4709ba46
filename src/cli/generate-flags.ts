import { randomBytes } from 'node:crypto';
import { type Command, Option } from 'commander';
import type { Backend, PromptParams } from '../core/index.js';
import type { GpuChoice } from '../workers/index.js';
import { gpuOption } from './gpu-flag.js';
import { addStoreOptions, type ModelFlags } from './model-flags.js';
import { numberOf, positiveOf, u64Of } from './numbers.js';

/** The flags of `generate`, as commander gives them. */
export interface GenerateFlags extends Omit<ModelFlags, 'format'> {
  readonly backend?: Backend | 'auto';
  readonly device?: string;
  readonly gpu: GpuChoice;
  readonly temperature: number;
  readonly topK: bigint;
  readonly topP: number;
  readonly repeatPenalty: number;
  readonly repeatLastN: bigint;
  readonly seed?: bigint;
  readonly maxTokens: bigint;
  readonly contextSize?: number;
  readonly chat?: boolean;
  readonly json?: boolean;
}

/** Adds the flags that say which model runs where, and how it chooses tokens. */
export function addGenerateOptions(command: Command): Command {
  return addStoreOptions(command)
    .addOption(new Option('--backend <name>', 'what runs it').choices(['auto', 'llama', 'onnx', 'wasm']))
    .option(
      '--device <label>',
      'cpu, index or UUID of a GPU; default: the configured one, or the first GPU, or else the CPU',
    )
    .addOption(gpuOption())
    .option(
      '--precision <name>',
      'weights to take, such as f16 or q4_k_m; default: the configured one, or q8_0',
    )
    .option('--revision <name>', 'branch, tag or commit; default: the configured one, or main')
    .addOption(number('--temperature', '0 takes the likeliest token', 0))
    .addOption(u64('--top-k', 'likeliest tokens to choose from; 0 is off', 0n))
    .addOption(number('--top-p', 'share of probability to choose from; 1 is off', 1))
    .addOption(number('--repeat-penalty', 'against repetition; 1 is off', 1))
    .addOption(u64('--repeat-last-n', 'tokens that it looks back on', 64n))
    .addOption(u64('--seed', 'a u64; by default another one each time'))
    .addOption(u64('--max-tokens', 'tokens to generate at most', 256n))
    .option('--context-size <n>', 'tokens that prompt and answer may have', (text: string) =>
      positiveOf('--context-size', text),
    )
    .option('--chat', "write the prompt into the model's own chat template, as a user's message")
    .option('--json', 'one line of JSON on stdout, at the end');
}

/** What the flags ask of a model. */
export function paramsOf(flags: GenerateFlags, model: string, prompt: string): PromptParams {
  const { temperature, topK, topP, repeatPenalty, repeatLastN, maxTokens } = flags;
  return {
    ...{ model, prompt, temperature, topK, topP, repeatPenalty, repeatLastN, maxTokens },
    prePromptTokens: [],
    prependOutputWithInput: false,
    randomSeed: flags.seed ?? randomBytes(8).readBigUInt64LE(),
    shouldStreamOutput: true,
  };
}

function number(flag: string, description: string, value: number): Option {
  return new Option(`${flag} <n>`, description).argParser((text) => numberOf(flag, text)).default(value);
}

/** The help cannot show a bigint: a default is given to it as text, too. */
function u64(flag: string, description: string, value?: bigint): Option {
  const option = new Option(`${flag} <n>`, description).argParser((text) => u64Of(flag, text));
  return value === undefined ? option : option.default(value, String(value));
}
