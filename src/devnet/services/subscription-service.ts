import { status } from '@grpc/grpc-js';
import { GrpcTypes } from '@mysten/sui/grpc';
import type { PartialMessage } from '@protobuf-ts/runtime';
import { type EventPredicate, eventPredicate } from '../event-filter.js';
import type { LedgerEvent } from '../ledger/checkpoints.js';
import type { Ledger } from '../ledger/ledger.js';
import { afterCheckpoint } from '../ledger/position.js';
import { ReadMask } from '../read-mask.js';
import { encodedStream, type FrameSink, type ServiceBinding, serverStream } from '../rpc-method.js';
import { RpcFailure } from '../status.js';
import type { EventFrames, FrameFacts } from './event-frames.js';
import { DEFAULT_CHECKPOINT_FIELDS, maskedCheckpoint } from './render-checkpoint.js';

type CheckpointSink = FrameSink<PartialMessage<GrpcTypes.SubscribeCheckpointsResponse>>;

/** Frames that a subscriber may leave untaken: ten minutes of empty checkpoints; beyond it is cut off. */
const MAX_BACKLOG_FRAMES = 3000;

/** `sui.rpc.v2.SubscriptionService`, and the open streams of it. */
export class Subscriptions {
  readonly #ledger: Ledger;
  readonly #frames: EventFrames;
  readonly #open = new Set<(failure: RpcFailure) => void>();

  constructor(modules: { readonly ledger: Ledger; readonly frames: EventFrames }) {
    this.#ledger = modules.ledger;
    this.#frames = modules.frames;
  }

  binding(): ServiceBinding {
    const T = GrpcTypes;
    return {
      type: T.SubscriptionService,
      methods: {
        SubscribeEvents: encodedStream(T.SubscribeEventsRequest, (request, sink) =>
          this.#events(request, sink),
        ),
        SubscribeCheckpoints: serverStream(
          T.SubscribeCheckpointsRequest,
          T.SubscribeCheckpointsResponse,
          (request, sink) => this.#checkpoints(request, sink),
        ),
      },
    };
  }

  /** Ends every stream with `UNAVAILABLE`, as a node does that goes away. */
  drop(): void {
    const failure = new RpcFailure(status.UNAVAILABLE, 'The dev chain dropped its streams on request.');
    for (const fail of [...this.#open]) fail(failure);
  }

  #events(request: GrpcTypes.SubscribeEventsRequest, sink: FrameSink<Uint8Array>): void {
    const encode = this.#frames.encoder(request.readMask);
    const matches = eventPredicate(request.filter);
    const { checkpoints } = this.#ledger;
    // The first frame says where the stream starts; events before it are for ListEvents.
    sink.write(encode(progress(checkpoints.tip)));
    this.#follow(sink, (sequence) => {
      for (const event of this.#matching(sequence, matches)) {
        sink.write(encode({ event, cursor: event.position, covered: sequence - 1n }));
      }
      sink.write(encode(progress(sequence)));
    });
  }

  #checkpoints(request: GrpcTypes.SubscribeCheckpointsRequest, sink: CheckpointSink): void {
    if (request.filter !== undefined) {
      throw new RpcFailure(status.UNIMPLEMENTED, 'The dev chain streams checkpoints without a filter only.');
    }
    const mask = new ReadMask(GrpcTypes.Checkpoint, request.readMask, DEFAULT_CHECKPOINT_FIELDS);
    this.#follow(sink, (sequence) => {
      const checkpoint = this.#ledger.checkpoints.get(sequence);
      if (checkpoint !== undefined) {
        sink.write({ cursor: sequence, checkpoint: maskedCheckpoint(checkpoint, mask) });
      }
    });
  }

  /** Calls back with every checkpoint from now on, as long as the client keeps up. */
  #follow<Frame>(sink: FrameSink<Frame>, onCheckpoint: (sequence: bigint) => void): void {
    const fail = (failure: RpcFailure): void => sink.fail(failure);
    const stop = this.#ledger.onCheckpoint((sequence) => {
      if (sink.backlog() < MAX_BACKLOG_FRAMES) onCheckpoint(sequence);
      else fail(new RpcFailure(status.RESOURCE_EXHAUSTED, 'The subscriber is too slow for the stream.'));
    });
    this.#open.add(fail);
    sink.onClosed(() => {
      stop();
      this.#open.delete(fail);
    });
  }

  #matching(sequence: bigint, matches: EventPredicate): LedgerEvent[] {
    const transactions = this.#ledger.checkpoints.transactions(sequence);
    return transactions.flatMap(({ events }) => events.filter(matches));
  }
}

function progress(checkpoint: bigint): FrameFacts {
  return { event: undefined, cursor: afterCheckpoint(checkpoint), covered: checkpoint };
}
