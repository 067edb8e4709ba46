import type { GrpcTypes } from '@mysten/sui/grpc';
import type { IMessageType, PartialMessage } from '@protobuf-ts/runtime';
import type { RpcFailure } from './status.js';

/** The client's end of a server stream. */
export interface FrameSink<Frame> {
  write(frame: Frame): void;
  /** Ends the stream well. */
  end(): void;
  fail(failure: RpcFailure): void;
  /** Frames that the client has not taken yet. */
  backlog(): number;
  /** Called once, when the stream is over for whatever reason. */
  onClosed(listener: () => void): void;
}

/** A method that answers once. Messages are bytes here, so that one server serves all types. */
export interface UnaryMethod {
  readonly kind: 'unary';
  handle(request: Uint8Array): Promise<Uint8Array>;
}

/** A method that answers with a stream. */
export interface StreamMethod {
  readonly kind: 'stream';
  handle(request: Uint8Array, sink: FrameSink<Uint8Array>): void;
}

/** A service: its type and, by method name, what the dev chain serves of it. */
export interface ServiceBinding {
  readonly type: typeof GrpcTypes.LedgerService;
  readonly methods: Readonly<Record<string, UnaryMethod | StreamMethod>>;
}

/** A unary method over messages; the answer may leave out what is empty. */
export function unary<Request extends object, Response extends object>(
  request: IMessageType<Request>,
  response: IMessageType<Response>,
  handle: (request: Request) => PartialMessage<Response> | Promise<PartialMessage<Response>>,
): UnaryMethod {
  return {
    kind: 'unary',
    handle: async (bytes) => {
      const answer = await handle(request.fromBinary(bytes));
      return response.toBinary(response.create(answer));
    },
  };
}

/** A streaming method whose answers come as bytes already. */
export function encodedStream<Request extends object>(
  request: IMessageType<Request>,
  handle: (request: Request, sink: FrameSink<Uint8Array>) => void,
): StreamMethod {
  return { kind: 'stream', handle: (bytes, sink) => handle(request.fromBinary(bytes), sink) };
}

/** A streaming method over messages. */
export function serverStream<Request extends object, Response extends object>(
  request: IMessageType<Request>,
  response: IMessageType<Response>,
  handle: (request: Request, sink: FrameSink<PartialMessage<Response>>) => void,
): StreamMethod {
  return {
    kind: 'stream',
    handle: (bytes, sink) => {
      const typed: FrameSink<PartialMessage<Response>> = {
        write: (frame) => sink.write(response.toBinary(response.create(frame))),
        end: () => sink.end(),
        fail: (failure) => sink.fail(failure),
        backlog: () => sink.backlog(),
        onClosed: (listener) => sink.onClosed(listener),
      };
      handle(request.fromBinary(bytes), typed);
    },
  };
}
