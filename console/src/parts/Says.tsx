/** Lists of server sentences. */
import type { Message } from '../api/model';
import { useWords } from '../words';

/** A sentence whose `quoted` parts are code. */
export function Quoted({ text }: { text: string }) {
  return text.split('`').map((part, i) => (i % 2 === 0 ? part : <code key={i}>{part}</code>));
}

export function Says({ list, className }: { list: Message[] | undefined; className?: string }) {
  const { say } = useWords();
  if (!list || list.length === 0) return null;
  return (
    <ul className={className ?? 'says'}>
      {list.map((message, i) => (
        <li key={i}>
          <Quoted text={say(message)} />
        </li>
      ))}
    </ul>
  );
}
