import {
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { AtomaError, messageOf } from '../core/index.js';
import { TransactionRejected } from './move/failure.js';
import type { FrameSink, ServiceBinding, StreamMethod, UnaryMethod } from './rpc-method.js';
import { RpcFailure } from './status.js';

/** How long open calls may take when the server stops, in ms; streams never end by themselves. */
const STOP_GRACE_MS = 100;

/** Serves bindings over HTTP/2, without TLS, as a local network does. */
export class GrpcServer {
  readonly #bindings: readonly ServiceBinding[];
  readonly #logger: Logger;
  /** undefined while it does not listen: grpc-js cannot start a server twice. */
  #server: Server | undefined;

  constructor(bindings: readonly ServiceBinding[], modules: { readonly logger: Logger }) {
    this.#bindings = bindings;
    this.#logger = modules.logger;
  }

  /**
   * Also after {@link GrpcServer.close} or {@link GrpcServer.cut}.
   * @returns the port it listens on
   * @throws AtomaError `listen_failed`
   */
  listen(host: string, port: number): Promise<number> {
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    const server = new Server();
    for (const binding of this.#bindings) {
      server.addService(definitionOf(binding), this.#implementation(binding));
    }
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(listenFailed(address, error));
      });
    });
  }

  /** Ends every call and gives the port back. */
  close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return Promise.resolve();
    this.#server = undefined;
    return new Promise((resolve) => {
      const force = setTimeout(() => server.forceShutdown(), STOP_GRACE_MS);
      server.tryShutdown(() => {
        clearTimeout(force);
        resolve();
      });
    });
  }

  /** Cuts every connection in the middle of whatever it carries, and gives the port back. */
  cut(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return Promise.resolve();
    this.#server = undefined;
    return new Promise((resolve) => {
      server.tryShutdown(() => resolve());
      server.forceShutdown();
    });
  }

  #implementation({ type, methods }: ServiceBinding): UntypedServiceImplementation {
    const entries = type.methods.map(({ name, serverStreaming }) => {
      const path = `${type.typeName}/${name}`;
      const method = methods[name];
      if (method?.kind === 'unary') return [name, this.#unary(path, method)] as const;
      if (method?.kind === 'stream') return [name, this.#stream(path, method)] as const;
      return [name, unserved(path, serverStreaming)] as const;
    });
    return Object.fromEntries(entries);
  }

  #unary(path: string, method: UnaryMethod) {
    return (call: ServerUnaryCall<Buffer, Uint8Array>, answer: sendUnaryData<Uint8Array>): void => {
      method.handle(call.request).then(
        (response) => answer(null, response),
        (error: unknown) => answer(this.#statusOf(path, error)),
      );
    };
  }

  #stream(path: string, method: StreamMethod) {
    return (call: ServerWritableStream<Buffer, Uint8Array>): void => {
      const sink = sinkOf(call);
      try {
        method.handle(call.request, sink);
      } catch (error) {
        // `destroy` would end the call without a status, and the client would wait for ever.
        call.emit('error', this.#statusOf(path, error));
      }
    };
  }

  #statusOf(path: string, error: unknown): { readonly code: status; readonly details: string } {
    if (error instanceof RpcFailure) return { code: error.status, details: error.message };
    if (error instanceof TransactionRejected) {
      return { code: status.INVALID_ARGUMENT, details: error.message };
    }
    if (error instanceof AtomaError) return { code: status.INVALID_ARGUMENT, details: error.message };
    this.#logger.error({ err: error, path }, 'A call to the dev chain failed; please report this');
    return { code: status.INTERNAL, details: messageOf(error) };
  }
}

function sinkOf(call: ServerWritableStream<Buffer, Uint8Array>): FrameSink<Uint8Array> {
  let open = true;
  const listeners: (() => void)[] = [];
  const close = (): void => {
    if (!open) return;
    open = false;
    for (const listener of listeners) listener();
  };
  call.on('cancelled', close);
  call.on('close', close);
  call.on('error', close);
  return {
    write: (frame) => {
      if (open) call.write(frame);
    },
    end: () => {
      if (open) call.end();
      close();
    },
    fail: (failure) => {
      if (open) call.emit('error', { code: failure.status, details: failure.message });
      close();
    },
    backlog: () => call.writableLength,
    onClosed: (listener) => listeners.push(listener),
  };
}

const identity = (bytes: Buffer): Buffer => bytes;
const serialize = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Messages stay bytes for grpc-js: the methods read and write them with their own types. */
function definitionOf({ type }: ServiceBinding): ServiceDefinition {
  const entries = type.methods.map((method): [string, MethodDefinition<Uint8Array, Uint8Array>] => [
    method.name,
    {
      path: `/${type.typeName}/${method.name}`,
      requestStream: method.clientStreaming,
      responseStream: method.serverStreaming,
      requestSerialize: serialize,
      requestDeserialize: identity,
      responseSerialize: serialize,
      responseDeserialize: identity,
    },
  ]);
  return Object.fromEntries(entries);
}

function unserved(path: string, streaming: boolean) {
  const details = `The dev chain does not serve ${path}; a full node does.`;
  const failure = { code: status.UNIMPLEMENTED, details };
  if (streaming)
    return (call: ServerWritableStream<Buffer, Uint8Array>): void => void call.emit('error', failure);
  return (_call: unknown, answer: sendUnaryData<Uint8Array>): void => answer(failure);
}

function listenFailed(address: string, error: Error): AtomaError {
  const message = `The dev chain cannot listen on ${address}: ${error.message}. Choose another port, or 0 for a free one.`;
  return new AtomaError('listen_failed', message, { fields: { address }, cause: error });
}
