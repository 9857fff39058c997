/** What is told of a part and of a verdict in words: the same on the page, on paper and in the report. */
import type { FileOverruling, FilePart, FileRead, Message } from '../../api/model';
import { visible } from '../../parts/visible';
import type { Words } from '../../words';

/** What a list says of a file, as a message. */
export function overruling(by: FileOverruling): Message {
  if (typeof by === 'string') return { code: `verdict.${by}` };
  if ('known-hash' in by) return { code: 'verdict.known-hash', params: { source: by['known-hash'].source } };
  return { code: 'verdict.trusted-publisher', params: { name: by['trusted-publisher'].name } };
}

/** Why not all of a part was read; `null` when it was. */
export function unreadOf({ t, say, word }: Words, outcome: FileRead): string | null {
  if (typeof outcome !== 'object' || 'same' in outcome) return null;
  if ('limited' in outcome)
    return t('files.limited', { what: word(`console.files.limit-${outcome.limited}`, outcome.limited) });
  if ('partial' in outcome) return t('files.partial', { why: visible(say(outcome.partial)) });
  return t('files.failed', { why: visible(say(outcome.failed)) });
}

/** How a container keeps a part. */
export function keptOf({ t }: Words, { storage }: FilePart): string {
  if (storage === 'plain') return t('files.kept-plain');
  if (storage === 'encrypted') return t('files.kept-encrypted');
  if ('packed' in storage) return t('files.kept-packed', { how: storage.packed });
  return t('files.kept-encoded', { how: storage.encoded });
}

/** The name of a group of types. */
export const groupOf = ({ word }: Words, group: string): string =>
  group === '' ? word('console.files.verdict-none') : word(`console.files.group-${group}`, group);
