import { describe, expect, it } from 'vitest';
import { csv, csvCell } from './files';

describe('a CSV that people open in a spreadsheet', () => {
  it('never starts a cell as a formula', () => {
    expect(csvCell('=1+1')).toBe("'=1+1");
    expect(csvCell('@x')).toBe("'@x");
    expect(csvCell('-5')).toBe("'-5");
    expect(csvCell(-5)).toBe('-5');
    expect(csvCell(' =x')).toBe("' =x");
    expect(csvCell('＝1')).toBe("'＝1");
    expect(csvCell('|calc')).toBe("'|calc");
    expect(csvCell('\tx')).toBe('"\'\tx"');
    expect(csvCell('\r=1')).toBe('"\'\r=1"');
  });

  it('quotes what would break a row', () => {
    expect(csvCell('a,b')).toBe('"a,b"');
    expect(csvCell('a;b')).toBe('"a;b"');
    expect(csvCell('say "x"')).toBe('"say ""x"""');
    expect(csvCell(null)).toBe('');
  });

  it('opens as UTF-8 with its head first', () => {
    expect(csv(['主机', 'port'], [['甲', 445]])).toBe('\ufeff主机,port\r\n甲,445\r\n');
  });
});
