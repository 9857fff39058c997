/** How old each part of the knowledge is: a judgement is as good as what it is judged by. */
import type { KnowledgeAge } from '../../api/model';
import { Mark } from '../../parts/Marks';
import { useWords } from '../../words';

export function KnowledgeAges({ parts }: { parts: KnowledgeAge[] }) {
  const { t, word } = useWords();
  return (
    <dl className="facts ends">
      {parts.map((part) => (
        <div key={part.part} style={{ display: 'contents' }}>
          <dt>{word(`console.knowledge.${part.part}`, part.part)}</dt>
          <dd className="num">
            {part.stale && (
              <Mark tone="blocked" bare>
                {t('knowledge.stale')}
              </Mark>
            )}{' '}
            {part.date ?? part.version}
          </dd>
        </div>
      ))}
    </dl>
  );
}
