import { execFile } from 'node:child_process';
import type { Gpu, MigDevice } from './hardware.js';

/** What NVIDIA's driver says through its tool. */
export interface NvidiaReport {
  readonly gpus: readonly Gpu[];
  /** Why the tool, which is there, listed nothing. */
  readonly fault: string | undefined;
}

/** What it counts memory in. */
const MIB_BYTES = 1024 * 1024;

const QUERY = [
  '--query-gpu=index,uuid,name,memory.total,memory.free,driver_version',
  '--format=csv,noheader,nounits',
];
/** Columns before and after the name, which alone may hold a comma of its own. */
const COLUMNS_BEFORE_NAME = 2;
const COLUMNS_AFTER_NAME = 3;

/**
 * The GPUs as `nvidia-smi` on the PATH lists them: by index, in the order of the PCI bus. None where there is
 * no such program.
 */
export async function askNvidia(timeoutMs: number, env: NodeJS.ProcessEnv): Promise<NvidiaReport> {
  const listed = await run(QUERY, timeoutMs, env);
  if (listed === undefined) return { gpus: [], fault: undefined };
  if (!listed.ok) return { gpus: [], fault: listed.text };
  const rows = listed.text.split(/\r?\n/).map(parseRow);
  const gpus = rows.filter((gpu) => gpu !== undefined);
  if (gpus.length === 0) {
    const none = /no devices/i.test(listed.text) || listed.text.trim() === '';
    return { gpus, fault: none ? undefined : `it listed no GPU but wrote: ${firstLine(listed.text)}` };
  }
  const parts = await run(['-L'], timeoutMs, env);
  const mig = parts?.ok ? parseMig(parts.text) : new Map<string, readonly MigDevice[]>();
  return { gpus: gpus.map((gpu) => ({ ...gpu, mig: mig.get(gpu.uuid ?? '') ?? [] })), fault: undefined };
}

/** A row of the query; undefined for a line that is none. */
function parseRow(line: string): Gpu | undefined {
  const cells = splitCsv(line);
  const index = Number(cells[0] || Number.NaN);
  if (!Number.isInteger(index) || cells.length <= COLUMNS_BEFORE_NAME + COLUMNS_AFTER_NAME) return undefined;
  const [total, free, driver] = cells.slice(-COLUMNS_AFTER_NAME).map(known);
  return {
    index,
    uuid: known(cells[1]),
    name: cells.slice(COLUMNS_BEFORE_NAME, -COLUMNS_AFTER_NAME).join(', ') || 'NVIDIA GPU',
    memoryBytes: mebibytes(total),
    freeBytes: mebibytes(free),
    driver,
    vulkanIndex: undefined,
    mig: [],
  };
}

/** Cells of a CSV line, without their quotes and the spaces around them: split where an even number follows. */
function splitCsv(line: string): string[] {
  return line.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/).map(unquote);
}

function unquote(cell: string): string {
  const text = cell.trim();
  return /^".*"$/s.test(text) ? text.slice(1, -1).replaceAll('""', '"').trim() : text;
}

/** What the driver does not know or tell it writes as `[N/A]`, `[Not Supported]` or an error in brackets. */
function known(cell: string | undefined): string | undefined {
  return cell === undefined || cell === '' || /^\[.*\]$/.test(cell) || /^n\/a$/i.test(cell)
    ? undefined
    : cell;
}

function mebibytes(cell: string | undefined): number | undefined {
  const value = Number(cell ?? Number.NaN);
  return Number.isFinite(value) ? value * MIB_BYTES : undefined;
}

/**
 * The MIG devices of each GPU, by its UUID, from `nvidia-smi -L`:
 * `GPU 0: NVIDIA A100 (UUID: GPU-…)`, then `  MIG 3g.20gb  Device  0: (UUID: MIG-…)`.
 */
function parseMig(text: string): Map<string, readonly MigDevice[]> {
  const parts = new Map<string, MigDevice[]>();
  let gpu = '';
  for (const line of text.split(/\r?\n/)) {
    const [, uuid] = /^GPU \d+:.*\(UUID: (GPU-[^)]+)\)/.exec(line) ?? [];
    if (uuid !== undefined) gpu = uuid;
    const [, name, part] = /^\s+MIG\s+(\S+)\s+Device\s+\d+:\s+\(UUID: (MIG-[^)]+)\)/.exec(line) ?? [];
    if (name !== undefined && part !== undefined) {
      parts.set(gpu, [...(parts.get(gpu) ?? []), { name, uuid: part }]);
    }
  }
  return parts;
}

interface Output {
  readonly ok: boolean;
  /** stdout, or why it failed. */
  readonly text: string;
}

/** undefined where there is no `nvidia-smi`. */
function run(
  args: readonly string[],
  timeoutMs: number,
  env: NodeJS.ProcessEnv,
): Promise<Output | undefined> {
  return new Promise((resolve) => {
    execFile(
      'nvidia-smi',
      args,
      { env, timeout: timeoutMs, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        if (error === null) return resolve({ ok: true, text: stdout });
        if (error.code === 'ENOENT') return resolve(undefined);
        if (error.killed)
          return resolve({ ok: false, text: `it did not answer within ${timeoutMs / 1000} s` });
        const said = firstLine(stdout.trim() || stderr.trim());
        resolve({ ok: false, text: said || `it ended with ${error.code ?? error.signal}` });
      },
    );
  });
}

function firstLine(text: string): string {
  return text.trim().split(/\r?\n/)[0] ?? '';
}
