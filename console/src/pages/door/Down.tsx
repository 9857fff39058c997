/** The server does not answer: what that means, what to check, and the way on as soon as it is back. */
import { useEffect } from 'react';
import { Problem } from '../../api/client';
import { Broken } from '../../parts/Blank';
import { useWords } from '../../words';
import { Door } from './Door';

const AGAIN_MS = 5_000;

export function Down({ error, retry }: { error: unknown; retry: () => void }) {
  const { t } = useWords();
  const offline = error instanceof Problem && error.status === 0;
  useEffect(() => {
    if (!offline) return;
    const timer = setInterval(retry, AGAIN_MS);
    return () => clearInterval(timer);
  }, [offline, retry]);
  return (
    <Door>
      <Broken error={error} retry={retry} />
      {offline && <p className="muted small">{t('problem.offline-check')}</p>}
    </Door>
  );
}
