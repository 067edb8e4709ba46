const MONTH_DAY = [
  '( "01" | "03" | "05" | "07" | "08" | "10" | "12" ) "-" ( "0" [1-9] | [12] [0-9] | "3" [01] )',
  '( "04" | "06" | "09" | "11" ) "-" ( "0" [1-9] | [12] [0-9] | "30" )',
  // The 29th is one in leap years only.
  '"02" "-" ( "0" [1-9] | "1" [0-9] | "2" [0-8] )',
].join(' | ');
const DATE = `[0-9]{4} "-" ( ${MONTH_DAY} )`;
const HOUR_MINUTE = '( [01] [0-9] | "2" [0-3] ) ":" [0-5] [0-9]';
/** RFC 3339; without leap seconds, which are only in some minutes. */
const TIME = `${HOUR_MINUTE} ":" [0-5] [0-9] ( "." [0-9]{1,9} )? ( "Z" | [-+] ${HOUR_MINUTE} )`;
const HEX = '[0-9a-f]';
const BYTE = '( "25" [0-5] | "2" [0-4] [0-9] | "1" [0-9]{2} | [1-9]? [0-9] )';

/** What stands between the quotes of a string of each `format` that a grammar can hold, in GBNF. */
export const STRING_FORMATS: Readonly<Record<string, string>> = {
  date: DATE,
  time: TIME,
  'date-time': `${DATE} "T" ${TIME}`,
  uuid: `${HEX}{8} "-" ${HEX}{4} "-" ${HEX}{4} "-" ${HEX}{4} "-" ${HEX}{12}`,
  ipv4: `${BYTE} "." ${BYTE} "." ${BYTE} "." ${BYTE}`,
};
