import { join } from 'node:path';
import { AtomaError } from '../../core/index.js';
import { isSafePath } from '../target.js';

/** The end of a file that is not whole yet. The hub's own tools write `.incomplete`: neither may go on where the other stopped. */
const PARTIAL_END = '.atoma-partial';

/** What a folder of the cache that holds a model starts with. */
const REPO_START = 'models--';

/** Where a repository's files lie in a cache: `blobs/<etag>`, `snapshots/<commit>/<path>` as links to them, `refs/<revision>`. */
export class RepoFolder {
  readonly repo: string;
  readonly path: string;
  readonly #cacheDir: string;

  constructor(cacheDir: string, repo: string) {
    this.repo = repo;
    this.#cacheDir = cacheDir;
    this.path = join(cacheDir, `${REPO_START}${repo.replaceAll('/', '--')}`);
  }

  get blobs(): string {
    return join(this.path, 'blobs');
  }

  get snapshots(): string {
    return join(this.path, 'snapshots');
  }

  get refs(): string {
    return join(this.path, 'refs');
  }

  blob(etag: string): string {
    return join(this.blobs, etag);
  }

  partial(etag: string): string {
    return `${this.blob(etag)}${PARTIAL_END}`;
  }

  snapshot(commit: string): string {
    return join(this.snapshots, commit);
  }

  /** @throws AtomaError `model_unsafe_path` for a revision that would lie elsewhere. */
  ref(revision: string): string {
    if (isSafePath(revision)) return join(this.refs, revision);
    throw new AtomaError(
      'model_unsafe_path',
      `${JSON.stringify(revision.slice(0, 200))} cannot be a revision of ${this.repo}: give a branch, a tag or a commit`,
      { fields: { repo: this.repo, revision } },
    );
  }

  /** What this program has downloaded. */
  get record(): string {
    return join(this.path, 'atoma-node.json');
  }

  /** Held by the process that changes the folder; beside the locks of the hub's own tools. */
  get lock(): string {
    return join(
      this.#cacheDir,
      '.locks',
      `${REPO_START}${this.repo.replaceAll('/', '--')}`,
      'atoma-node.lock',
    );
  }
}

/** Whether a file is a download of this program that is not whole yet. */
export function isPartial(name: string): boolean {
  return name.endsWith(PARTIAL_END);
}

/** The repository that a folder of the cache holds; undefined for other folders. */
export function repoOfFolder(name: string): string | undefined {
  const [owner, ...rest] = name.startsWith(REPO_START) ? name.slice(REPO_START.length).split('--') : [];
  // Two dashes can stand in a repository's name, not in an owner's.
  return owner === undefined || rest.length === 0 ? undefined : `${owner}/${rest.join('--')}`;
}
