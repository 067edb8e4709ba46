import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '#src/config/index.js';

const ID = `0x${'1'.repeat(64)}`;

/** The seed's three files with values filled in. */
export const MODEL = `
api_key = "hf_secret"
cache_dir = "cache"
flush_storage = true
jrpc_port = 3000
models = [[0, "f16", "llama_v2", "main", true], ["cpu", "q8_0", "./tiny.gguf", "", false]]
tracing = true
`;
export const SUBSCRIBER = `
http_url = "http://127.0.0.1:9000"
ws_url = "ws://127.0.0.1:9000"
package_id = "${ID}"
small_id = 28972375

[request_timeout]
secs = 300
nanos = 1500000
`;
export const CLIENT = `
config_path = "client.yaml"
atoma_db_id = "0xAB"
node_badge_id = "${ID}"
package_id = "${ID}"
small_id = 28972375

max_concurrent_requests = 1000

[request_timeout]
secs = 300
nanos = 0
`;

/** A temporary folder of configuration files; `t` removes it. */
export async function configFolder(t: { teardown(handler: () => Promise<void>): void }) {
  const dir = await mkdtemp(join(tmpdir(), 'atoma-config-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const write = async (name: string, content: string | Uint8Array): Promise<string> => {
    const path = join(dir, name);
    await writeFile(path, content);
    return path;
  };
  return { dir, write };
}

/** The lines of the ConfigError that a load ends in; the first one is its title. */
export async function problemLines(load: Promise<unknown>): Promise<readonly string[]> {
  try {
    await load;
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n').map((line) => line.trim());
    throw error;
  }
  throw new Error('the configuration was accepted');
}
