import { Gauge } from 'prom-client';
import type { RpcMeters } from './rpc-meters.js';

/** What there is of WebSockets at one moment. */
export interface WebSocketUsage {
  readonly connections: number;
  readonly subscriptions: number;
  /** Bytes that wait for clients to read them, all together. */
  readonly bufferedBytes: number;
  /** Those of the client who is the furthest behind. */
  readonly maxBufferedBytes: number;
}

/** @param usage asked at each scrape */
export function showWebSockets({ registry }: RpcMeters, usage: () => WebSocketUsage): void {
  const gauge = (name: string, help: string, read: (now: WebSocketUsage) => number): void => {
    const shown: Gauge = new Gauge({
      ...{ name, help, registers: [registry] },
      collect: () => shown.set(read(usage())),
    });
  };
  gauge('atoma_websocket_connections', 'WebSockets that are open.', ({ connections }) => connections);
  gauge(
    'atoma_websocket_subscriptions',
    'Subscriptions of token streams over WebSocket.',
    ({ subscriptions }) => subscriptions,
  );
  gauge(
    'atoma_websocket_buffered_bytes',
    'Bytes that wait in this process for the readers of WebSockets, all together.',
    ({ bufferedBytes }) => bufferedBytes,
  );
  gauge(
    'atoma_websocket_buffered_bytes_max',
    'Bytes that wait for that reader of a WebSocket who is the furthest behind.',
    ({ maxBufferedBytes }) => maxBufferedBytes,
  );
}
