/** Lists of server sentences. */
import type { Message } from '../api/model';
import { useWords } from '../words';

export function Says({ list, className }: { list: Message[] | undefined; className?: string }) {
  const { say } = useWords();
  if (!list || list.length === 0) return null;
  return (
    <ul className={className ?? 'says'}>
      {list.map((message, i) => (
        <li key={i}>{say(message)}</li>
      ))}
    </ul>
  );
}
