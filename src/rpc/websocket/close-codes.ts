/** Codes with which the node closes WebSockets: RFC 6455, 7.4.1, and its registry, 11.7. */
export const CLOSE = {
  /** Nothing was done with it for long. */
  normal: 1000,
  /** The node is stopping. */
  goingAway: 1001,
  /** Never sent: the client no longer answers, and the connection is cut. */
  abnormal: 1006,
  /** The client may not use the node any more. */
  policyViolation: 1008,
  /** The client is too slow. */
  tryAgainLater: 1013,
} as const;

export type CloseCode = (typeof CLOSE)[keyof typeof CLOSE];
