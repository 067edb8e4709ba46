import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, fetch } from 'undici';
import { z } from 'zod';
import type { ClientConfig, InferenceConfig } from '../../config/index.js';
import { ProcessLock, type TicketState } from '../../core/index.js';
import { Journal } from '../../tickets/index.js';
import { JOURNAL_FILE } from '../chain-side.js';
import { badgeLockPath, journalLockPath } from '../locks.js';
import { type Told, told } from './told.js';

/** A node that is up answers at once. */
const READY_TIMEOUT_MS = 2_000;
/** Of an answer that is told on to a person. */
const MAX_REASON_CHARACTERS = 2_000;
const MAX_REASONS = 100;

/** Tickets of a journal. */
export interface TicketStanding {
  readonly byState: Readonly<Partial<Record<TicketState, number>>>;
  /** Committed, or given up, after their deadline. */
  readonly late: number;
  /** Those that the node has still something to do for. */
  readonly open: number;
}

type Place = Pick<ClientConfig, 'dataDir' | 'nodeBadgeId'>;

/**
 * The process on this machine that works with a badge, or with its journal; undefined where none does.
 * @param lockDir where the locks of all nodes of this machine are
 * @throws AtomaError `lock_unavailable`
 */
export function nodeHolder({ dataDir, nodeBadgeId }: Place, lockDir: string): string | undefined {
  return (
    ProcessLock.holder(badgeLockPath(lockDir, nodeBadgeId)) ?? ProcessLock.holder(journalLockPath(dataDir))
  );
}

/**
 * Reads a node's journal, also while the node runs; undefined where no node has made one yet.
 * @throws AtomaError `journal_*`
 */
export function readTickets({ dataDir, nodeBadgeId }: Place): TicketStanding | undefined {
  const path = join(dataDir, JOURNAL_FILE);
  if (!existsSync(path)) return undefined;
  const journal = Journal.open({ path, badge: nodeBadgeId, readOnly: true });
  try {
    return { ...journal.counts(), open: journal.openIds().length };
  } finally {
    journal.close();
  }
}

/** What `/readyz` answers. */
const Readyz = z.object({
  ready: z.boolean(),
  reasons: z.array(z.string().max(MAX_REASON_CHARACTERS)).max(MAX_REASONS),
});
export type Readiness = z.infer<typeof Readyz>;

/** Whether a node that listens where the configuration says takes work; `problem` where none answers. */
export function readReadiness({
  rpc,
  jrpcPort,
}: Pick<InferenceConfig, 'rpc' | 'jrpcPort'>): Promise<Told<Readiness>> {
  if (jrpcPort === 0) {
    return Promise.resolve({ problem: 'jrpc_port is 0: only the log of the node tells its port' });
  }
  const every: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  const host = every[rpc.host] ?? rpc.host;
  const scheme = rpc.tls === undefined ? 'http' : 'https';
  // A certificate is for the name that others call the node by, not for the address of this machine.
  const [servername] = rpc.tls === undefined ? [] : rpc.allowedHosts;
  const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${jrpcPort}/readyz`;
  return told(askReadiness(url, servername));
}

async function askReadiness(url: string, servername: string | undefined): Promise<Readiness> {
  const agent = new Agent({ connect: servername === undefined ? {} : { servername } });
  try {
    const signal = AbortSignal.timeout(READY_TIMEOUT_MS);
    const response = await fetch(url, { dispatcher: agent, signal, redirect: 'error' }).catch(
      (error: unknown) => {
        throw new Error(`nothing answers at ${url}${reasonOf(error)}`);
      },
    );
    const answer = Readyz.safeParse(await response.json().catch(() => undefined));
    if (answer.success) return answer.data;
    throw new Error(`what answers at ${url} is no node (HTTP ${response.status})`);
  } finally {
    await agent.destroy();
  }
}

/** What stands behind "fetch failed", such as a certificate of another name or one that nobody vouches for. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error) || !('code' in cause) || cause.code === 'ECONNREFUSED') return '';
  const advice = ' (NODE_EXTRA_CA_CERTS names the file of an authority of your own)';
  return `: ${cause.message}${/CERT|SIGNATURE|ISSUER/.test(String(cause.code)) ? advice : ''}`;
}
