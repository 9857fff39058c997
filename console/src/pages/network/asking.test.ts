import { expect, test } from 'vitest';
import { cell, drawable, seconds } from './asking';

test('a cell shows what it holds, and nothing is told apart from empty text', () => {
  expect(cell(null, 'x', 'text', 'en')).toBeNull();
  expect(cell('', 'x', 'text', 'en')).toBe('');
  expect(cell([], 'x', 'list of text', 'en')).toBeNull();
  expect(cell(['a', null, 'b'], 'x', 'list of text', 'en')).toBe('a, —, b');
  expect(cell(1234567, 'x', 'number', 'en')).toBe('1,234,567');
  expect(cell(0.12345, 'x', 'measure', 'en')).toBe('0.123');
  expect(cell('9007199254740993', 'x', 'number', 'en')).toBe('9007199254740993');
  expect(cell(false, 'x', 'flag', 'zh-CN')).toBe('false');
});

test('a time is told to hundredths while it is short', () => {
  expect(seconds(42, 'en')).toBe('0.04 s');
  expect(seconds(61_500, 'zh-CN')).toBe('62 秒');
});

test('a port keeps its digits and a time is in UTC', () => {
  expect(cell(54321, 'responder_port', 'number', 'en')).toBe('54321');
  expect(cell('2017-05-12T07:44:00.5Z', 'start', 'time', 'zh-CN')).toBe('2017-05-12 07:44:00.5');
});

test('bars are drawn of counts beside names that stand once', () => {
  const columns = [
    { name: 'protocol', holds: 'text' },
    { name: 'sessions', holds: 'number' },
    { name: 'responder_port', holds: 'number' },
  ];
  const rows = ['smb', 'http', null].map((name, at) => [name, at, 445]);
  expect(drawable(columns, rows)).toEqual([1]);
  expect(drawable(columns, rows.slice(0, 2))).toEqual([]);
  expect(drawable(columns, [...rows, ['smb', 1, 1]])).toEqual([]);
  expect(drawable(columns.slice(1), rows)).toEqual([]);
  expect(drawable([], [])).toEqual([]);
});
