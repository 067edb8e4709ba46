import { type GgufFileInfo, GgufInsights, type Llama, readGgufFileInfo } from 'node-llama-cpp';
import { continuesText, embeddingSizeOf } from './gguf-embeddings.js';
import { partsOf } from './gguf-parts.js';
import { notTheFormat, openWeights, type WeightsFile } from './weights-file.js';
import { weightsProblem } from './weights-problem.js';

const MAGIC = 'GGUF';
const VERSION_OFFSET = 4;
const COUNTS_OFFSET = 8;
const COUNT_BYTES = 8;
const HEADER_BYTES = COUNTS_OFFSET + 2 * COUNT_BYTES;
/** Those that llama.cpp reads. */
const VERSIONS: readonly number[] = [2, 3];
const DOWNLOAD_AGAIN = 'delete it and download it again';

/** Architectures that a causal context cannot generate text with, though llama.cpp knows their names. */
const NOT_GENERATING: ReadonlySet<string> = new Set(['clip', 't5', 't5encoder']);
/** Long lists of the vocabulary that no check needs. */
const IGNORED_KEYS = ['tokens', 'token_type', 'scores', 'merges'].map((key) => `tokenizer.ggml.${key}`);

/**
 * Refuses a GGUF file that llama.cpp would fail on, or read beyond the end of, with what is wrong with it.
 * Only headers are read, so size does not matter.
 * @param file of a split model the first part; all of them are looked at
 * @returns the size of all parts together, bytes
 * @throws AtomaError `model_load_failed`, with `file`, `found` and `remedy` in its fields.
 */
export async function checkGguf(file: string, llama: Llama): Promise<number> {
  const parts = partsOf(file);
  let bytes = 0;
  let first: GgufFileInfo | undefined;
  for (const part of parts) {
    const found = await openWeights(part);
    checkHeader(part, found);
    bytes += found.size;
    const info = await readHeader(part);
    first ??= info;
    // What a part weighs is told of a model: the other parts know nothing of it but the number they have.
    const insights = await GgufInsights.from({ ...info, metadata: first.metadata }, llama);
    checkSize(part, found.size, (info.infoEndOffset ?? 0) + insights.modelSize);
    if (part === file) checkModel(part, insights, parts.length);
  }
  return bytes;
}

function readHeader(file: string): Promise<GgufFileInfo> {
  return readGgufFileInfo(file, {
    sourceType: 'filesystem',
    ignoreKeys: IGNORED_KEYS,
    logWarnings: false,
    spliceSplitFiles: false,
  });
}

function checkSize(file: string, size: number, needed: number): void {
  if (size >= needed) return;
  throw weightsProblem(file, `is cut off: it has ${size} of at least ${needed} bytes`, DOWNLOAD_AGAIN);
}

/** What the header's parser would misread or not end with. */
function checkHeader(file: string, { size, head }: WeightsFile): void {
  if (head.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw weightsProblem(file, notTheFormat(head, 'a GGUF file'), DOWNLOAD_AGAIN);
  }
  if (head.length < HEADER_BYTES) {
    throw weightsProblem(file, `is cut off: it has ${size} bytes`, DOWNLOAD_AGAIN);
  }
  const version = head.readUInt32LE(VERSION_OFFSET);
  if (!VERSIONS.includes(version)) {
    throw weightsProblem(file, `has GGUF version ${version}, llama.cpp reads 2 and 3`, 'convert it anew');
  }
  for (const offset of [COUNTS_OFFSET, COUNTS_OFFSET + COUNT_BYTES]) {
    const count = head.readBigUInt64LE(offset);
    if (count > BigInt(size)) {
      throw weightsProblem(file, `is damaged: it claims ${count} entries in ${size} bytes`, DOWNLOAD_AGAIN);
    }
  }
}

function checkModel(file: string, insights: GgufInsights, parts: number): void {
  const { metadata } = insights.ggufFileInfo;
  const architecture: string | undefined = metadata.general?.architecture;
  if (architecture === undefined) {
    throw weightsProblem(file, 'names no architecture (general.architecture)', 'convert it anew');
  }
  const isOfUse =
    continuesText(insights.ggufFileInfo) || embeddingSizeOf(insights.ggufFileInfo) !== undefined;
  if (NOT_GENERATING.has(architecture) || !isOfUse) {
    throw weightsProblem(
      file,
      `is of the architecture ${architecture}, which reads text (or images) but does not continue it`,
      'choose a model that generates text, or one whose file says how its embeddings are pooled',
    );
  }
  if (!insights.isSupportedByLlamaCpp) {
    throw weightsProblem(
      file,
      `is of the architecture ${architecture}, which this version of llama.cpp does not know`,
      'choose another model, or update node-llama-cpp',
    );
  }
  checkSplit(file, { ...metadata }, parts);
}

function checkSplit(file: string, metadata: Readonly<Record<string, unknown>>, parts: number): void {
  const { split } = metadata;
  const count = typeof split === 'object' && split !== null && 'count' in split ? split.count : undefined;
  if (typeof count !== 'number' || count <= 1 || count === parts) return;
  throw weightsProblem(
    file,
    `is one of ${count} parts, but its name does not say so`,
    `name the parts as gguf-split does: model-00001-of-${String(count).padStart(5, '0')}.gguf and so on`,
  );
}
