import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { z } from 'zod';

const packageJson = z.object({ version: z.string() });

/**
 * Version of a package that this program depends on. Many do not let their package.json be imported, so it is looked
 * for above the package's entry.
 * @throws Error where the package is not installed.
 */
export function packageVersion(name: string): string {
  for (let folder = new URL('.', import.meta.resolve(name)); ; folder = new URL('..', folder)) {
    const found = read(new URL('package.json', folder));
    if (found !== undefined) return found;
    if (folder.pathname === '/') throw new Error(`the package ${name} has no version`);
  }
}

/** A package can hold folders with a package.json of their own, which say no version. */
function read(file: URL): string | undefined {
  try {
    return packageJson.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data?.version;
  } catch {
    return undefined;
  }
}

/** The CPU's name, as the system gives it. */
export function cpuName(): string {
  return cpus()[0]?.model.trim() ?? 'unknown CPU';
}
