import { z } from 'zod';
import { U64_MAX } from '../../core/index.js';

const U64_WANTED = `wanted an integer from 0 to ${U64_MAX}, above 2^53 - 1 as a decimal string`;

/** A u64: an integer that a JSON number holds exactly, or a decimal string. */
export const u64 = z
  .union(
    [
      z.int({ error: U64_WANTED }).min(0, { error: U64_WANTED }),
      z.string().regex(/^\d{1,20}$/, { error: U64_WANTED }),
    ],
    { error: U64_WANTED },
  )
  .transform((value) => BigInt(value))
  .refine((value) => value <= U64_MAX, { error: U64_WANTED })
  .meta({ id: 'U64', description: 'An integer from 0 to 2^64 - 1; above 2^53 - 1 as a decimal string.' });

/** The id of a request, chosen by its client. */
export const requestId = z
  .string()
  .regex(/^[A-Za-z0-9._:-]{1,64}$/, { error: 'wanted 1 to 64 of the characters A-Z a-z 0-9 . _ : -' })
  .meta({ id: 'RequestId', description: 'Of a request, chosen by its client.' });

/** The id of a ticket: 66 characters on Sui, and of no fixed form on other chains. */
export const ticketId = z
  .string()
  .min(1)
  .max(128)
  .meta({ id: 'TicketId', description: 'Of a ticket, as the chain has it: on Sui the id of an object.' });
