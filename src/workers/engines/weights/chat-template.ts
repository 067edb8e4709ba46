import { Template } from '@huggingface/jinja';
import { AtomaError, type ChatTemplate, type ModelWeights, messageOf } from '../../../core/index.js';
import { isObject, readJson, readText, tokenContent } from './onnx-folder.js';
import { toLoadFailure } from './weights-problem.js';

/**
 * One turn of a chat; `role` is `system`, `user` or `assistant`, where the template knows no others. What else stands
 * in it is for the template, such as `tool_calls`.
 */
export interface ChatMessage {
  readonly role: string;
  readonly content: string;
  readonly [key: string]: unknown;
}

/** Parsed ones: a template is read once, not for each chat. */
const PARSED = new WeakMap<ChatTemplate, Template>();

/**
 * The chat template that comes with weights: in a GGUF's metadata, or beside an ONNX graph. Of several the
 * one named `default` is taken, or else the first.
 * @returns undefined where the model has none: it takes raw prompts.
 * @throws AtomaError `model_load_failed` where a file cannot be read.
 */
export async function readChatTemplate(weights: ModelWeights): Promise<ChatTemplate | undefined> {
  try {
    return weights.format === 'gguf' ? await ofGguf(weights.file) : await ofFolder(weights.folder);
  } catch (error) {
    throw toLoadFailure(weights.format === 'gguf' ? weights.file : weights.folder, error);
  }
}

/** As {@link readChatTemplate}; undefined also where it cannot be read: a model is of use without one. */
export async function findChatTemplate(weights: ModelWeights): Promise<ChatTemplate | undefined> {
  return readChatTemplate(weights).catch(() => undefined);
}

/**
 * A chat as a prompt, with the beginning of the assistant's answer at its end.
 * @param tools as OpenAI's API has them, for templates that know some
 * @throws AtomaError `chat_template_failed` where the template refuses these messages or is none.
 */
export function renderChat(
  template: ChatTemplate,
  messages: readonly ChatMessage[],
  tools: readonly object[] = [],
): string {
  try {
    return parsed(template).render({
      messages,
      ...(tools.length > 0 && { tools }),
      add_generation_prompt: true,
      bos_token: template.bosText,
      eos_token: template.eosText,
    });
  } catch (error) {
    const problem = `the model's chat template does not take this chat: ${messageOf(error)}`;
    throw new AtomaError('chat_template_failed', problem, { cause: error });
  }
}

/** Whether a template writes down the tools that a chat may use. */
export function knowsTools({ source }: ChatTemplate): boolean {
  return /\btools\b/.test(source);
}

function parsed(template: ChatTemplate): Template {
  const known = PARSED.get(template);
  if (known !== undefined) return known;
  const made = new Template(template.source);
  PARSED.set(template, made);
  return made;
}

async function ofGguf(file: string): Promise<ChatTemplate | undefined> {
  // Loaded here, so that who only asks for a template of an ONNX model does without.
  const { readGgufFileInfo } = await import('node-llama-cpp');
  const { metadata } = await readGgufFileInfo(file, {
    sourceType: 'filesystem',
    readTensorInfo: false,
    logWarnings: false,
    spliceSplitFiles: false,
  });
  const source = metadata.tokenizer?.chat_template;
  if (typeof source !== 'string') return undefined;
  const ggml = metadata.tokenizer?.ggml;
  const text = (token: number | undefined): string =>
    (token === undefined ? undefined : ggml?.tokens[token]) ?? '';
  return { source, bosText: text(ggml?.bos_token_id), eosText: text(ggml?.eos_token_id) };
}

async function ofFolder(folder: string): Promise<ChatTemplate | undefined> {
  const config = (await readJson(folder, 'tokenizer_config.json')) ?? {};
  const source = (await readText(folder, 'chat_template.jinja')) ?? chosen(config['chat_template']);
  if (source === undefined) return undefined;
  return { source, bosText: tokenContent(config['bos_token']), eosText: tokenContent(config['eos_token']) };
}

/** `chat_template` is one template, or a list of `{name, template}`. */
function chosen(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  const named = value.filter(isObject);
  const { template } = named.find(({ name }) => name === 'default') ?? named[0] ?? {};
  return typeof template === 'string' ? template : undefined;
}
