import { type CatalogueCode, ERROR_CATALOGUE } from '../error-catalogue.js';
import { ERROR_GUIDE } from '../error-guide.js';
import type { Method, MethodExample } from '../json-rpc/method.js';
import { WEBSOCKET_PATH } from '../websocket/endpoint.js';
import { StreamNotificationSchema } from '../wire/stream.js';
import { type JsonSchema, SchemaComponents } from './json-schema.js';

/** The newest version of the specification that its published meta-schema knows: https://spec.open-rpc.org */
const OPENRPC_VERSION = '1.3.2';

/** What every call can fail of. */
const COMMON_ERRORS: readonly CatalogueCode[] = [
  ...(['invalid_params', 'unauthorized', 'forbidden', 'too_many_calls', 'cancelled', 'internal'] as const),
];

const STREAM_NOTIFICATION = 'atoma_subscription';

interface ContentDescriptor {
  readonly name: string;
  readonly description?: string;
  readonly required?: boolean;
  readonly schema: JsonSchema;
}

/** A document of OpenRPC, as far as this server writes one. Names with `x-` are its own extensions. */
export interface OpenRpcDocument {
  readonly openrpc: string;
  readonly info: Readonly<Record<string, unknown>>;
  readonly servers: readonly Readonly<Record<string, unknown>>[];
  readonly methods: readonly OpenRpcMethod[];
  readonly 'x-notifications': readonly {
    readonly name: string;
    readonly params: readonly ContentDescriptor[];
  }[];
  readonly components: {
    readonly schemas: Readonly<Record<string, unknown>>;
    readonly errors: Readonly<Record<string, OpenRpcError>>;
  };
}

interface OpenRpcMethod {
  readonly name: string;
  readonly summary: string;
  readonly description?: string;
  readonly paramStructure: 'either';
  readonly params: readonly ContentDescriptor[];
  readonly result: ContentDescriptor;
  readonly errors: readonly { readonly $ref: string }[];
  readonly examples: readonly Readonly<Record<string, unknown>>[];
  /** Of which an API key needs one. */
  readonly 'x-scopes': readonly string[];
  /** Names of the notifications that follow its result. */
  readonly 'x-notifications'?: readonly string[];
}

interface OpenRpcError {
  readonly code: number;
  readonly message: string;
  readonly data: { readonly code: string; readonly http_status: number; readonly remedy: string };
}

/**
 * Describes the server, from the same schemas that check its calls.
 * @param options.url of the server's HTTP
 */
export function describeServer(
  methods: readonly Method[],
  options: { readonly version: string; readonly url: string },
): OpenRpcDocument {
  const schemas = new SchemaComponents();
  const described = methods.map((method) => describeMethod(method, schemas));
  const notification = {
    name: 'params',
    required: true,
    schema: schemas.schemaOf(StreamNotificationSchema),
  };
  return {
    openrpc: OPENRPC_VERSION,
    info: {
      title: 'Atoma node',
      version: options.version,
      description:
        'JSON-RPC 2.0 over HTTP and WebSocket. Params go by name or by position; by position, null leaves one out.',
      license: { name: 'Apache-2.0' },
    },
    servers: [
      { name: 'http', url: options.url },
      { name: 'websocket', url: `${options.url.replace(/^http/, 'ws')}${WEBSOCKET_PATH}` },
    ],
    methods: described,
    'x-notifications': [{ name: STREAM_NOTIFICATION, params: [notification] }],
    components: { schemas: schemas.components, errors: describeErrors() },
  };
}

function describeMethod(method: Method, schemas: SchemaComponents): OpenRpcMethod {
  const { name, docs, scopes, examples } = method;
  const admin: readonly CatalogueCode[] = scopes.includes('admin') ? ['admin_disabled'] : [];
  return {
    ...{ name, summary: docs.summary },
    ...(docs.description !== undefined && { description: docs.description }),
    paramStructure: 'either',
    params: Object.entries(method.params.shape).map(([param, schema]) => ({
      name: param,
      ...(schema.description !== undefined && { description: schema.description }),
      required: !schema.safeParse(undefined).success,
      schema: schemas.schemaOf(schema),
    })),
    result: { name: `${name}_result`, schema: schemas.schemaOf(method.result) },
    errors: [...docs.errors, ...admin, ...COMMON_ERRORS].map((code) => ({
      $ref: `#/components/errors/${code}`,
    })),
    examples: examples.map(describeExample),
    'x-scopes': scopes,
    ...(docs.notifies && { 'x-notifications': [STREAM_NOTIFICATION] }),
  };
}

function describeExample({ name, params, result }: MethodExample): Readonly<Record<string, unknown>> {
  return {
    name,
    params: Object.entries(params ?? {}).map(([param, value]) => ({ name: param, value })),
    result: { name: 'result', value: result },
  };
}

function describeErrors(): Readonly<Record<string, OpenRpcError>> {
  const codes = Object.keys(ERROR_CATALOGUE) as CatalogueCode[];
  return Object.fromEntries(
    codes.map((code) => {
      const { rpc, http } = ERROR_CATALOGUE[code];
      const { meaning, remedy } = ERROR_GUIDE[code];
      return [code, { code: rpc, message: meaning, data: { code, http_status: http, remedy } }];
    }),
  );
}
