import { bcs } from '@mysten/sui/bcs';
import { type TransactionData, TransactionDataBuilder } from '@mysten/sui/transactions';
import { fromBase64 } from '@mysten/sui/utils';
import type { Logger } from 'pino';
import type { OracleVerdict } from '../../core/index.js';
import type { Endpoint } from './endpoint.js';
import { readOne } from './single-reading.js';

const HASH_BYTES = 32;
/** Places of `settle_dispute`'s arguments, after the database and the badge. */
const ARGUMENT = { ticketId: 2, inputTokens: 3, outputTokens: 4, root: 5, leaves: 6 };

export interface VerdictReaderOptions {
  /** How long one reading may take. */
  readonly callTimeoutMs: number;
}

/** Reads what oracles said out of the transactions by which they said it: no event carries it. */
export class VerdictReader {
  readonly #options: VerdictReaderOptions;
  readonly #modules: { readonly endpoint: Endpoint; readonly logger: Logger };

  constructor(
    options: VerdictReaderOptions,
    modules: { readonly endpoint: Endpoint; readonly logger: Logger },
  ) {
    this.#options = options;
    this.#modules = modules;
  }

  /** {@link Chain.readVerdict} */
  async read(digest: string, signal: AbortSignal): Promise<OracleVerdict | undefined> {
    const { callTimeoutMs } = this.#options;
    const options = { doing: 'reading a verdict', callTimeoutMs, signal, fields: { digest } };
    return await readOne(options, this.#modules, async (call) => {
      const { ledgerService } = this.#modules.endpoint.client;
      const request = { digest, readMask: { paths: ['transaction.bcs'] } };
      const { response } = await ledgerService.getTransaction(request, call);
      return verdictIn(response.transaction?.transaction?.bcs?.value);
    });
  }
}

/** undefined for bytes that are no transaction with a verdict: a package may call the function for an oracle. */
function verdictIn(bytes: Uint8Array | undefined): OracleVerdict | undefined {
  if (bytes === undefined) return undefined;
  try {
    const { commands, inputs } = TransactionDataBuilder.fromBytes(Uint8Array.from(bytes)).snapshot();
    const call = commands.map(({ MoveCall }) => MoveCall).find(isVerdict);
    return call === undefined ? undefined : toVerdict(call, inputs);
  } catch {
    return undefined;
  }
}

type MoveCall = NonNullable<TransactionData['commands'][number]['MoveCall']>;

function isVerdict(call: MoveCall | undefined): boolean {
  return call?.module === 'settlement' && call.function === 'settle_dispute';
}

function toVerdict(call: MoveCall, inputs: TransactionData['inputs']): OracleVerdict {
  const pure = (index: number): Uint8Array => {
    const argument = call.arguments[index];
    const input = argument?.$kind === 'Input' ? inputs[argument.Input] : undefined;
    return fromBase64(input?.Pure?.bytes ?? '');
  };
  const bytes = bcs.byteVector();
  const leaves = bytes.parse(pure(ARGUMENT.leaves));
  return {
    ticketId: bcs.Address.parse(pure(ARGUMENT.ticketId)),
    inputTokens: BigInt(bcs.u64().parse(pure(ARGUMENT.inputTokens))),
    outputTokens: BigInt(bcs.u64().parse(pure(ARGUMENT.outputTokens))),
    root: bytes.parse(pure(ARGUMENT.root)),
    leaves: Array.from({ length: Math.floor(leaves.length / HASH_BYTES) }, (_, index) =>
      leaves.slice(index * HASH_BYTES, (index + 1) * HASH_BYTES),
    ),
  };
}
