import pretty from 'pino-pretty';

/** A stream that writes log lines for people to stderr. */
export function pinoPretty(): pretty.PrettyStream {
  return pretty({
    destination: 2,
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  });
}
