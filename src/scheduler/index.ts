export {
  type Lane,
  type QueueStatus,
  SCHEDULER_DEFAULTS,
  type ScheduledCompletion,
  Scheduler,
} from './scheduler.js';
