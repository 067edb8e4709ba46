/** Upper bounds in seconds, three a decade, so that a quantile is off by a factor of about two at most. */

/** From a token of a small model on a GPU to one of a large model on a CPU. */
export const TOKEN_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** From an idle device to the longest that somebody waits for a first token. */
export const WAIT_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** From one turn of the chain to its patience, which is minutes. */
export const TICKET_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
