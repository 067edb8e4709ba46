export {
  type Lane,
  SCHEDULER_DEFAULTS,
  type ScheduledCompletion,
  type SchedulerOptions,
  type SchedulerStatus,
  type SubmitOptions,
  type Timing,
} from './options.js';
export { Scheduler } from './scheduler.js';
