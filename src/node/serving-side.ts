import type { Logger } from 'pino';
import type { Config } from '../config/index.js';
import type { JobObserver } from '../core/index.js';
import type { ModelStore } from '../models/index.js';
import { Scheduler } from '../scheduler/index.js';
import { Machine } from './hardware.js';
import { ModelHost } from './model-host.js';
import { ModelRequests } from './model-requests.js';
import type { NodeOptions } from './node-options.js';
import { Requests } from './requests.js';
import { schedulerOptions } from './scheduler-options.js';
import { TokenStreams, type TokenStreamsModules } from './token-streams.js';

interface Modules {
  readonly store: ModelStore;
  readonly observers: readonly JobObserver[];
  /** See {@link TokenStreamsModules.recall}. */
  readonly recall: NonNullable<TokenStreamsModules['recall']>;
  /** Called whenever a model begins to serve on a device. */
  readonly onServing: () => void;
  readonly logger: Logger;
}

/** Everything between a job and the device that runs it: scheduler, token streams, models on their devices. */
export class ServingSide {
  readonly scheduler: Scheduler;
  readonly streams: TokenStreams;
  readonly requests: Requests;
  readonly machine: Machine;
  readonly host: ModelHost;
  readonly modelRequests: ModelRequests;

  constructor(config: Config, options: Pick<NodeOptions, 'gpu'>, modules: Modules) {
    const { store, observers, recall, onServing, logger } = modules;
    this.scheduler = new Scheduler(schedulerOptions(config), { observers });
    this.streams = new TokenStreams(undefined, { recall });
    const { scheduler, streams } = this;
    this.machine = new Machine({ choice: options.gpu ?? 'auto' }, { logger });
    this.host = new ModelHost(config.inference, {
      ...{ machine: this.machine, store, scheduler, onServing, logger },
    });
    this.requests = new Requests({ scheduler, streams, models: () => this.host.models });
    this.modelRequests = new ModelRequests({ host: this.host, logger });
  }
}
