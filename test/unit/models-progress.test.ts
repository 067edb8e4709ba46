import t from 'tap';
import { type DownloadProgress, ProgressMeter } from '#src/models/download/progress.js';

function meterOf(intervalMs: number) {
  const reports: DownloadProgress[] = [];
  const clock = { ms: 0 };
  const meter = new ProgressMeter({
    totalBytes: 100_000,
    doneBytes: 1_000,
    intervalMs,
    onProgress: (progress) => reports.push(progress),
    now: () => clock.ms,
  });
  return { meter, clock, reports };
}

t.test('the rate is that of the last seconds; what was here before does not count', async (t) => {
  const { meter, clock, reports } = meterOf(1000);
  meter.add(1);
  t.equal(reports.at(-1)?.bytesPerSecond, 0, 'no measurement yet');
  for (; clock.ms < 20_000; clock.ms += 1000) meter.add(clock.ms < 10_000 ? 1000 : 3000);
  t.match(reports.at(-1), { totalBytes: 100_000, bytesPerSecond: 3000 });
  t.equal(reports.at(-1)?.doneBytes, 1_001 + 10 * 1000 + 10 * 3000);
});

t.test('a line that has stopped comes down to nothing', async (t) => {
  const { meter, clock, reports } = meterOf(0);
  meter.add(50_000);
  clock.ms = 60_000;
  meter.report();
  clock.ms = 66_000;
  meter.report();
  t.equal(reports.at(-1)?.bytesPerSecond, 0);
});

t.test('reports come no closer together than was asked for; what is thrown away is taken off', async (t) => {
  const { meter, clock, reports } = meterOf(100);
  for (let step = 0; step < 1000; step++, clock.ms++) meter.add(10);
  t.equal(reports.length, 10);
  meter.add(-5_000);
  meter.report();
  t.equal(reports.at(-1)?.doneBytes, 1_000 + 10_000 - 5_000);
});
