import { InvalidArgumentError } from 'commander';
import type { ConfigFlags } from './config-flags.js';
import type { GenerateFlags } from './generate-flags.js';

/** The flags of `verify`, as commander gives them. */
export interface VerifyFlags
  extends ConfigFlags,
    Pick<GenerateFlags, 'precision' | 'revision' | 'backend' | 'device' | 'gpu' | 'json'> {
  readonly ticket?: string;
  readonly evidence?: string;
  readonly model?: string;
  readonly root?: string;
  readonly leaf?: string;
  readonly index?: string;
  readonly chunks?: string;
  readonly text?: string;
}

/** What `verify` is asked to check. */
export type VerifyMode = 'ticket' | 'evidence' | 'hashes';

const HASH_FLAGS = ['root', 'leaf', 'index', 'chunks', 'text'] as const;

/** @throws InvalidArgumentError where the flags name none of the three, or more than one */
export function checkMode(flags: VerifyFlags): VerifyMode {
  const modes: VerifyMode[] = [];
  if (flags.ticket !== undefined) modes.push('ticket');
  if (flags.evidence !== undefined) modes.push('evidence');
  if (HASH_FLAGS.some((flag) => flags[flag] !== undefined)) modes.push('hashes');
  const [mode, ...others] = modes;
  if (mode !== undefined && others.length === 0) return mode;
  throw new InvalidArgumentError(
    `verify takes one of --ticket ID, --evidence FILE, or --root HEX --index I --chunks N --text FILE; ${
      mode === undefined ? 'none' : 'more than one'
    } was given`,
  );
}
