import t from 'tap';
import { BUSY_MACHINE_TIMEOUT_MS, crashAtEveryWrite } from './crash-every-write.js';

t.setTimeout(BUSY_MACHINE_TIMEOUT_MS);
t.test(
  "a crash just before each commit of a ticket's life ends in the same settled ticket",
  { timeout: BUSY_MACHINE_TIMEOUT_MS },
  (t) => crashAtEveryWrite(t, 'before'),
);
