import t from 'tap';
import { crashAtEveryWrite } from './crash-every-write.js';

t.test("a crash just before each commit of a ticket's life ends in the same settled ticket", (t) =>
  crashAtEveryWrite(t, 'before'),
);
