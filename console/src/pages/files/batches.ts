/** Files on their way to the server: as many in one form as it takes. */
import type { Dropped } from '../import/dropped';

/** More in one form, and the first would wait for the last to be judged. */
const FILES_MAX = 100;

export interface Batches {
  batches: Dropped[][];
  /** Larger than the server takes. */
  refused: Dropped[];
  bytes: number;
}

export function batches(files: readonly Dropped[], bytesMax: number): Batches {
  const found: Batches = { batches: [], refused: [], bytes: 0 };
  let last: Dropped[] = [];
  let size = 0;
  for (const one of files) {
    if (one.file.size > bytesMax) {
      found.refused.push(one);
      continue;
    }
    if (last.length === 0 || last.length >= FILES_MAX || size + one.file.size > bytesMax) {
      last = [];
      size = 0;
      found.batches.push(last);
    }
    last.push(one);
    size += one.file.size;
    found.bytes += one.file.size;
  }
  return found;
}

/** An address, as far as it can be told before the server looks. */
export function isAddress(text: string): boolean {
  const parts = text.split('.');
  if (!text.includes(':') && parts.length === 4)
    return parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
  return /^[0-9a-f:.]+$/i.test(text) && text.split(':').length > 2;
}
