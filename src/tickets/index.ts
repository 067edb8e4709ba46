export type { Durability, WriteHook } from './database.js';
export type { DisputeCounts, Judgement } from './dispute-table.js';
export { type CursorScope, Journal, type JournalModules, type JournalOptions } from './journal.js';
export { isJournalError } from './journal-error.js';
export type { KeptProfile } from './profile-table.js';
export type { Sampling } from './prompt-table.js';
export type { TicketChange } from './ticket-table.js';
export { OPEN_STATES } from './transitions.js';
