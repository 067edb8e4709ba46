import { unwatchFile, watchFile } from 'node:fs';

/**
 * How often a file is looked at, ms. A look is one `stat`, which also sees what notifications of the system miss:
 * files that are renamed over others, that come later, that are links into a mounted volume.
 */
const LOOK_INTERVAL_MS = 500;

/** Calls `onChange` when one of the files changes, comes or goes. Returns what ends that. */
export function watchFiles(paths: readonly string[], onChange: () => void): () => void {
  for (const path of paths) watchFile(path, { interval: LOOK_INTERVAL_MS, persistent: false }, onChange);
  return () => {
    for (const path of paths) unwatchFile(path, onChange);
  };
}
