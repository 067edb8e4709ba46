import type { Logger } from 'pino';
import { AtomaError } from '../../core/index.js';
import type { Principal, Scope } from './principal.js';

/** Characters of the params that one line shows. */
const MAX_PARAMS_CHARACTERS = 2_000;
/** Names of params whose values no log shows, whatever a client puts there. */
const SECRET_NAME = /token|secret|password|key|authorization|credential/i;

/** What somebody asked for. */
interface Act {
  readonly method: string;
  readonly scopes: readonly Scope[];
  readonly params: unknown;
  readonly principal: Principal;
}

/**
 * Does what was asked. Where it takes the scope `admin` the log gets one line of who asked for what and how it ended,
 * refusals included (`audit: true`).
 */
export async function audited<T>(logger: Logger, act: Act, run: () => T | Promise<T>): Promise<T> {
  if (!act.scopes.includes('admin')) return run();
  try {
    const result = await run();
    logger.info({ ...lineOf(act), outcome: 'done' }, 'admin act');
    return result;
  } catch (error) {
    const outcome = error instanceof AtomaError ? error.code : 'internal';
    logger.info({ ...lineOf(act), outcome }, 'admin act failed');
    throw error;
  }
}

function lineOf({ method, params, principal }: Act): Readonly<Record<string, unknown>> {
  const { id, name, address } = principal;
  return { audit: true, by: { id, name }, address, method, params: shown(params) };
}

/** The params as JSON without secrets, cut where they are long. */
function shown(params: unknown): string {
  const text = JSON.stringify(params, (name, value: unknown) => (SECRET_NAME.test(name) ? '…' : value)) ?? '';
  return text.length <= MAX_PARAMS_CHARACTERS ? text : `${text.slice(0, MAX_PARAMS_CHARACTERS)}…`;
}
