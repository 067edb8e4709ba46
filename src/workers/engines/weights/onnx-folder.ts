import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from './weights-problem.js';

/** A JSON object of a model's folder; what its keys hold is for the reader to check. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads a text of a model's folder; undefined where there is none of that name.
 * @throws Error of the file system for any other reason.
 */
export async function readText(folder: string, name: string): Promise<string | undefined> {
  try {
    return await readFile(join(folder, name), 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * Reads a JSON object of a model's folder; undefined where there is none of that name.
 * @throws Error of the file system; SyntaxError naming the file where it holds something else.
 */
export async function readJson(folder: string, name: string): Promise<JsonObject | undefined> {
  const text = await readText(folder, name);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(`${join(folder, name)} is no JSON`, { cause: error });
  }
  if (!isObject(value)) throw new SyntaxError(`${join(folder, name)} holds no JSON object`);
  return value;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text of a special token as `tokenizer_config.json` gives it: plain, or as an object with flags. */
export function tokenContent(value: unknown): string {
  const content = isObject(value) ? value['content'] : value;
  return typeof content === 'string' ? content : '';
}
