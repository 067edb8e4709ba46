import { z } from 'zod';
import { AtomaError } from '../../core/index.js';
import { isModelFile, type ModelFile } from '../model-file.js';
import { isSafePath } from '../target.js';

/** A file of a repository at a commit. */
export interface HubFile extends ModelFile {
  /** What the cache keeps it under: the SHA-256 of a large file, the git object id of a small one. */
  readonly etag: string;
}

/** What the hub says of a model; what it does not say is undefined. */
export interface HubCard {
  readonly commit: string;
  readonly license: string | undefined;
  /** Whether its licence has to be accepted first. */
  readonly gated: boolean;
  readonly architecture: string | undefined;
  readonly parameters: number | undefined;
  /** Tokens. */
  readonly contextSize: number | undefined;
  readonly chatTemplate: string | undefined;
}

const COMMIT = /^[0-9a-f]{40}$/;

const fileSchema = z.object({
  path: z.string(),
  type: z.string(),
  size: z.number().int().nonnegative(),
  oid: z.string().regex(COMMIT).optional(),
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.number().int().nonnegative() }).optional(),
});

/** What authors write themselves is taken where it has the form that is looked for. */
const loose = <Schema extends z.ZodType>(schema: Schema) => schema.optional().catch(undefined);
const cardSchema = z.object({
  sha: z.string().regex(COMMIT),
  gated: z.unknown(),
  cardData: loose(z.object({ license: loose(z.string()), license_name: loose(z.string()) })),
  safetensors: loose(z.object({ total: loose(z.number()) })),
  gguf: loose(
    z.object({
      total: loose(z.number()),
      architecture: loose(z.string()),
      context_length: loose(z.number()),
      chat_template: loose(z.string()),
    }),
  ),
});

/** Whether a revision is a commit, which never changes what it stands for. */
export function isCommit(revision: string): boolean {
  return COMMIT.test(revision);
}

/** @throws AtomaError `hub_refused` for anything else than a commit. */
export function commitOf(text: string): string {
  if (isCommit(text)) return text;
  throw notUnderstood(`${JSON.stringify(text.slice(0, 80))} is no commit`);
}

/** @throws AtomaError `hub_refused` for an answer that has no commit. */
export function cardOf(answer: unknown): HubCard {
  const parsed = cardSchema.safeParse(answer);
  if (!parsed.success) throw notUnderstood('the model has no commit');
  const { sha, gated, cardData, safetensors, gguf } = parsed.data;
  return {
    commit: sha,
    license: cardData?.license_name ?? cardData?.license,
    gated: gated !== undefined && gated !== false,
    architecture: gguf?.architecture,
    parameters: gguf?.total ?? safetensors?.total,
    contextSize: gguf?.context_length,
    chatTemplate: gguf?.chat_template,
  };
}

/**
 * An entry of a repository's list, where it is a file that can belong to a model.
 * @throws AtomaError `hub_refused`; `model_unsafe_path` for a path that leads out of its folder
 */
export function hubFileOf(repo: string, entry: unknown): HubFile | undefined {
  const parsed = fileSchema.safeParse(entry);
  if (!parsed.success) throw notUnderstood(`a file of ${repo} has no path, size or hash`);
  const { path, type, size, oid, lfs } = parsed.data;
  if (!isSafePath(path)) {
    throw new AtomaError(
      'model_unsafe_path',
      `${repo} names a file ${JSON.stringify(path.slice(0, 200))}, which leads out of its folder; nothing of it was downloaded`,
      { fields: { repo, path } },
    );
  }
  if (type !== 'file' || !isModelFile(path)) return undefined;
  const etag = lfs?.oid ?? oid;
  if (etag === undefined) throw notUnderstood(`${path} of ${repo} has no hash`);
  return { path, bytes: lfs?.size ?? size, etag };
}

/** An answer that is none of a hub. */
export function notUnderstood(what: string): AtomaError {
  return new AtomaError(
    'hub_refused',
    `the hub's answer cannot be understood: ${what}; is HF_ENDPOINT a hub?`,
  );
}
