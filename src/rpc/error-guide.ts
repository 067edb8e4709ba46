import type { CatalogueCode } from './error-catalogue.js';

interface Guidance {
  /** What has happened, as one sentence. */
  readonly meaning: string;
  /** What the client or the operator does about it, as one sentence. */
  readonly remedy: string;
}

/** What every error of the catalogue means and what to do. */
export const ERROR_GUIDE: Readonly<Record<CatalogueCode, Guidance>> = {
  parse_error: {
    meaning: 'The message is no JSON in UTF-8.',
    remedy: 'Send one JSON value; the message says where the parser stopped.',
  },
  invalid_request: {
    meaning: 'The JSON is no request object, or an empty batch.',
    remedy: 'Send an object with "jsonrpc": "2.0", "method", and, where wanted, "params" and "id".',
  },
  method_not_found: {
    meaning: 'The server has no method of this name.',
    remedy: 'Take one of those that the message names, or ask rpc.discover.',
  },
  invalid_params: {
    meaning: 'The params do not fit the method.',
    remedy: 'Mend what data.problems names; rpc.discover has the schema of every param.',
  },
  internal: {
    meaning: 'The node failed in a way that it does not know.',
    remedy: 'Look into the log of the node, which has the error with its stack, and report it.',
  },

  not_found: {
    meaning: 'There is no such ticket, request, or evidence.',
    remedy: 'Check the id; streams of requests are kept for some time after their end only.',
  },
  unknown_model: {
    meaning: 'No device of the node has a model of this name.',
    remedy: 'Take a name of atoma_listModels, or have the operator load the model.',
  },
  prompt_too_long: {
    meaning: "The prompt has more tokens than the model's context, or than the node allows.",
    remedy: 'Shorten the prompt or pre_prompt_tokens; the fields say how much there is room for.',
  },
  request_id_in_use: {
    meaning: 'Another request of this id is running.',
    remedy: 'Choose another request_id, leave it out, or read the running one by atoma_subscribe.',
  },
  websocket_only: {
    meaning: 'What was asked for needs a connection that lasts.',
    remedy: 'Call it on the WebSocket at /ws; over HTTP, leave stream out.',
  },
  chat_template_failed: {
    meaning: "The model's chat template could not write these messages.",
    remedy: 'Send the roles and the order that the model knows; the message is that of the template.',
  },
  no_chat_template: {
    meaning: 'The weights of the model do not say how it wants a chat written.',
    remedy: 'Send a raw prompt (atoma_generate, /v1/completions), or take another model.',
  },
  embeddings_unsupported: {
    meaning: 'The model, or what runs it, makes no embeddings.',
    remedy: 'Take a model whose embedding_size in atoma_listModels is not null.',
  },
  grammar_unsupported: {
    meaning: 'The schema, or grammars on this backend, cannot be had.',
    remedy: 'Keep to what the message says is supported, or take a model on llama.cpp.',
  },

  busy: {
    meaning: 'The queue is full, or the request would make a ticket late.',
    remedy: 'Try again after data.retry_after_ms (HTTP: Retry-After).',
  },
  batch_too_large: {
    meaning: 'The batch has more calls than one may have; none was run.',
    remedy: 'Cut it into batches of at most data.limit calls.',
  },
  too_many_calls: {
    meaning: 'So many calls of this connection are running already.',
    remedy: 'Wait for an answer before sending more; data.limit run at once.',
  },
  too_many_subscriptions: {
    meaning: 'The connection, or the key, has as many subscriptions as it may have.',
    remedy: 'End one by atoma_unsubscribe; data.limit says how many there may be.',
  },
  rate_limited: {
    meaning: 'The API key has used up its requests or tokens of this minute.',
    remedy: 'Try again after data.retry_after_ms, or ask the operator for a higher rate.',
  },
  too_many_connections: {
    meaning: 'The node, or the key, has as many WebSockets as it may have.',
    remedy: 'Close one; a WebSocket carries many calls and subscriptions at once.',
  },

  not_ready: {
    meaning: 'The node is starting or stopping, or what was asked for is not there yet.',
    remedy: 'Try again when /readyz answers 200; data.reasons says what it waits for.',
  },
  cancelled: {
    meaning: 'The call ended because its client went away or cancelled it, or the node stops.',
    remedy: 'Nothing where you meant it; otherwise send it again.',
  },
  device_died: {
    meaning: 'The process of a device ended under the request, and it could not be run elsewhere.',
    remedy:
      'Send it again: the node starts the device anew. If it goes on, see atoma_nodeInfo for the fault.',
  },
  engine_failed: {
    meaning: 'The engine failed at this request.',
    remedy: 'Send it again; if it fails again, report it with the log of the node.',
  },
  job_killed_worker: {
    meaning: 'Devices died again and again of this request; it is not tried any more.',
    remedy: 'Do not send it again; report it with the log of the node.',
  },
  no_device: {
    meaning: 'Every device that has the model is out of service.',
    remedy: 'The operator looks at last_fault in atoma_nodeInfo, and starts the node again.',
  },
  journal_failed: {
    meaning: 'The journal of tickets cannot be read or written.',
    remedy:
      'The operator makes room or mends the disk (journal.fault in atoma_nodeInfo), and starts the node again.',
  },

  route_not_found: {
    meaning: 'The server has nothing at this path, or not by this HTTP method.',
    remedy: 'GET / says what there is.',
  },
  request_too_large: {
    meaning: 'The body is larger than the server takes.',
    remedy: 'Send less in one request; the operator can raise the limit.',
  },
  unsupported_media_type: {
    meaning: 'The body is not declared as JSON.',
    remedy: 'Send Content-Type: application/json.',
  },
  origin_refused: {
    meaning: 'The call comes from a web page that may not use this node.',
    remedy: 'The operator lists the origin of the page in the configuration.',
  },
  bad_http_request: {
    meaning: 'The HTTP request is not well formed.',
    remedy: 'Mend what the message names: usually headers or encoding.',
  },
  host_refused: {
    meaning: 'The Host header names a host that this server does not serve (a guard against DNS rebinding).',
    remedy: 'Use the address that the node listens on; the operator can allow other names.',
  },

  unauthorized: {
    meaning: 'The call bears no key, or one that is wrong, revoked, or expired.',
    remedy: 'Send "Authorization: Bearer" with a key that the operator gave you.',
  },
  admin_disabled: {
    meaning: 'Methods that change what the node runs are closed.',
    remedy: 'The operator opens them in [rpc] of the configuration, and starts the node again.',
  },
  forbidden: {
    meaning: 'The key does not have the scope that the method needs (x-scopes in rpc.discover).',
    remedy: 'Use a key with this scope.',
  },

  model_exists: {
    meaning: 'The device has a model of this name already.',
    remedy: 'Unload that one first, or give the new one another name.',
  },
  model_not_found: {
    meaning: 'There are no such weights: no repository, revision, file or folder of this name.',
    remedy: 'Check model_type, revision and precision.',
  },
  model_not_known: {
    meaning: 'The name is none that the node knows, and no repository.',
    remedy: 'Name the repository as owner/name, or an absolute path.',
  },
  model_unsupported: {
    meaning: 'The weights are of a format or an architecture that no backend runs.',
    remedy: 'Take GGUF or ONNX weights of a supported architecture.',
  },
  model_forbidden: {
    meaning: 'The hub does not give these weights to this node.',
    remedy: 'The operator accepts the terms of the model at the hub, and sets a token.',
  },
  model_load_failed: {
    meaning: 'The engine could not load the weights.',
    remedy: 'The message has the words of the engine; the file may be damaged, or too new for it.',
  },
  model_unsafe_path: {
    meaning: 'A path in the repository or the request leads out of its folder.',
    remedy: 'Do not use this repository; report it to the hub.',
  },
  no_model_loaded: {
    meaning: 'No device could load the model, each for a reason of its own.',
    remedy: 'The message has the reason of each device.',
  },
  device_not_found: {
    meaning: 'The machine has no such device.',
    remedy: 'Take a device that atoma_nodeInfo names under hardware, or "cpu".',
  },
  backend_unavailable: {
    meaning: 'The backend that was asked for does not run on this machine.',
    remedy: 'Leave backend at "auto", or install what the message names.',
  },
  insufficient_memory: {
    meaning: 'The model does not fit the memory of the device.',
    remedy: 'Take fewer workers, a smaller precision, or another device.',
  },

  hub_unreachable: {
    meaning: 'The hub cannot be reached.',
    remedy: 'The operator checks network, proxy and HF_ENDPOINT.',
  },
  hub_unavailable: {
    meaning: 'The hub failed to answer.',
    remedy: 'Try again later.',
  },
  hub_busy: {
    meaning: 'The hub answers that it is asked too often.',
    remedy: 'Try again after data.retry_after_ms, or set a token.',
  },
  hub_refused: {
    meaning: 'The hub refused the request.',
    remedy: 'The message has its words; usually a token is missing or wrong.',
  },
  download_corrupt: {
    meaning: 'What was downloaded is not what the hub says it is.',
    remedy: 'Try again; if it happens again, a proxy changes downloads.',
  },
  disk_full: {
    meaning: 'The disk of the cache has no room for the weights.',
    remedy: 'The operator makes room, or sets cache_dir to another disk.',
  },
  cache_unwritable: {
    meaning: 'The cache of weights cannot be written.',
    remedy: 'The operator gives the node the right to write to cache_dir.',
  },
  lock_unavailable: {
    meaning: 'Another process downloads the same weights and does not end.',
    remedy: 'Wait for it, or end it, and try again.',
  },
  cache_changed: {
    meaning: 'Files of the cache changed while they were used.',
    remedy: 'Leave cache_dir alone while the node loads, and try again.',
  },
};
