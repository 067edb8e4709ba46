import type { Logger } from 'pino';
import { AtomaError } from '../core/index.js';
import type { DevnetOptions } from './options.js';

/** A node that the dev chain registered: its key, badge and small id. */
export interface DevnetNode {
  /** `suiprivkey1…` */
  readonly secretKey: string;
  readonly address: string;
  readonly badgeId: string;
  readonly smallId: bigint;
}

/** A user with gas and TOMA to spend. */
export interface DevnetUser {
  /** `suiprivkey1…` */
  readonly secretKey: string;
  readonly address: string;
  readonly tomaCoinId: string;
}

/** The chain in a box: Sui's gRPC services with the contract's rules behind them. */
export class Devnet {
  static start(_options: Partial<DevnetOptions>, _modules: { readonly logger: Logger }): Promise<Devnet> {
    return Promise.reject(new AtomaError('not_ready', 'The dev chain is still being written.'));
  }
  readonly url: string = '';
  readonly chainId: string = '';
  readonly packageId: string = '';
  readonly tomaPackageId: string = '';
  readonly atomaDbId: string = '';
  readonly model: string = '';
  addNode(): DevnetNode {
    throw new AtomaError('not_ready', 'The dev chain is still being written.');
  }
  addUser(): DevnetUser {
    throw new AtomaError('not_ready', 'The dev chain is still being written.');
  }
  feeEarned(_ticketId: string, _smallId: bigint): bigint | undefined {
    return undefined;
  }
  advance(_ms: number): void {}
  nextEpoch(): void {}
  dropStreams(): void {}
  holdIndex(): () => void {
    return () => {};
  }
  stop(): Promise<void> {
    return Promise.resolve();
  }
}
