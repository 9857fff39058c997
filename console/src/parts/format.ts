/** Numbers, ages and dates in the language of the page. */
import type { Language } from '../words';

const locale = (language: Language) => (language === 'zh-CN' ? 'zh-CN' : 'en-GB');

export function count(value: number, language: Language): string {
  return new Intl.NumberFormat(locale(language)).format(value);
}

export function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 100);
}

export function bytes(value: number, language: Language): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  const digits = size >= 100 || unit === 0 ? 0 : 1;
  return `${new Intl.NumberFormat(locale(language), { maximumFractionDigits: digits }).format(size)} ${units[unit]}`;
}

/** "40 min", "79 hr", "3.3 days": in the unit a person would plan with. */
export function duration(minutes: number, language: Language): string {
  const [value, unit, digits] =
    minutes < 120
      ? [minutes, 'minute', 0]
      : minutes < 48 * 60
        ? [minutes / 60, 'hour', 0]
        : [minutes / 60 / 24, 'day', 1];
  const options = { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: digits } as const;
  return new Intl.NumberFormat(locale(language), options).format(value);
}

/** `2026-11-23 16:04`, in the browser's own time zone: the same order in both languages, sortable by eye. */
export function instant(text: string | null | undefined): string {
  if (!text) return '—';
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return text;
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** "3 hours ago", "3小时前". */
export function ago(text: string | null | undefined, language: Language, now = Date.now()): string {
  if (!text) return '—';
  const seconds = Math.round((new Date(text).getTime() - now) / 1000);
  if (Number.isNaN(seconds)) return text;
  const format = new Intl.RelativeTimeFormat(locale(language), { numeric: 'auto', style: 'short' });
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [
    ['second', 60],
    ['minute', 60],
    ['hour', 24],
    ['day', 30],
    ['month', 12],
  ];
  let value = seconds;
  for (const [unit, size] of steps) {
    if (Math.abs(value) < size) return format.format(value, unit);
    value = Math.trunc(value / size);
  }
  return format.format(value, 'year');
}

export const kb = (number: number) => `KB${number}`;
