import { z } from 'zod';
import type { Finding, OracleVerdict } from '../core/index.js';

const u64 = z
  .string()
  .regex(/^\d{1,20}$/)
  .transform(BigInt);
const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));

const Verdict = z.object({ inputTokens: u64, outputTokens: u64, root: hash, leaves: z.array(hash) });
const Findings = z.array(
  z.object({ nodeId: u64, found: z.enum(['agrees', 'leaf_differs', 'silent', 'unknown']) }),
);

export function verdictToJson({ inputTokens, outputTokens, root, leaves }: OracleVerdict): string {
  const record: z.input<typeof Verdict> = {
    inputTokens: inputTokens.toString(),
    outputTokens: outputTokens.toString(),
    root: Buffer.from(root).toString('hex'),
    leaves: leaves.map((leaf) => Buffer.from(leaf).toString('hex')),
  };
  return JSON.stringify(record);
}

export function verdictFromJson(ticketId: string, json: string): OracleVerdict {
  return { ticketId, ...Verdict.parse(JSON.parse(json)) };
}

export function findingsToJson(findings: readonly Finding[]): string {
  const record: z.input<typeof Findings> = findings.map(({ nodeId, found }) => ({
    nodeId: nodeId.toString(),
    found,
  }));
  return JSON.stringify(record);
}

export function findingsFromJson(json: string): readonly Finding[] {
  return Findings.parse(JSON.parse(json));
}
