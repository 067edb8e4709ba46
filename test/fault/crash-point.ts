import { z } from 'zod';

/** Where a node's life is to end, or to stand still until a byte comes on its stdin. */
export const CrashPoint = z.object({
  modelConfigPath: z.string(),
  suiSubscriberPath: z.string(),
  atomaSuiClientConfigPath: z.string(),
  /**
   * `life`: the journal's writes are counted from the process's first on; `ticket`: from the one that enters a
   * ticket after the process was told to count.
   */
  from: z.enum(['life', 'ticket']),
  /** Counted from 1; 0 is never reached. */
  write: z.number(),
  phase: z.enum(['before', 'after']),
  act: z.enum(['die', 'wait']),
});
export type CrashPoint = z.infer<typeof CrashPoint>;
