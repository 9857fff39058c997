/** The states a page can be in besides "here are the facts": nothing yet, waiting, and broken. */
import { Button, Skeleton } from 'antd';
import type { ReactNode } from 'react';
import { useLocation } from 'react-router';
import { Problem, sayable } from '../api/client';
import { useWords } from '../words';
import { Go } from './Act';

/** Nothing to show, and the next action. */
export function Blank({
  title,
  children,
  action,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="blank" role="status">
      <svg width="44" height="44" viewBox="0 0 32 32" aria-hidden="true">
        <path
          d="M16 2.500 20.500 9l7.500-1.300-2.500 7.100 3.800 6.500-7.300 1.200-2.300 6.500L16 25.500 12.300 29 10 22.500l-7.300-1.200 3.800-6.500L4 7.700 11.500 9Z"
          fill="none"
          stroke="currentColor"
          strokeWidth="1.200"
          opacity="0.6"
        />
      </svg>
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}

export function Waiting({ rows = 6 }: { rows?: number }) {
  const { t } = useWords();
  return (
    <div style={{ padding: 16 }} role="status" aria-label={t('state.loading')}>
      <Skeleton active title={false} paragraph={{ rows }} />
    </div>
  );
}

export function Broken({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t, say } = useWords();
  const { pathname } = useLocation();
  const offline = error instanceof Problem && error.status === 0;
  // What is not there will not be there a second later: the way on is the list it would be in.
  const missing = error instanceof Problem && error.status === 404;
  const list = `/${pathname.split('/')[1] ?? ''}`;
  return (
    <div className="blank" role="alert">
      <svg width="40" height="40" viewBox="0 0 14 14" aria-hidden="true" className="tone-open">
        <path
          d="M4.100 1h5.800L13 4.100v5.800L9.900 13H4.100L1 9.900V4.100Z"
          fill="none"
          stroke="currentColor"
        />
        <path d="M7 4v3.600M7 9.600v.2" stroke="currentColor" strokeLinecap="round" />
      </svg>
      <h2>{t(offline ? 'problem.offline-title' : missing ? 'problem.missing-title' : 'problem.title')}</h2>
      <p>{say(sayable(error))}</p>
      {missing && list !== pathname && (
        <Go to={list} type="primary">
          {t('action.back-to-list')}
        </Go>
      )}
      {retry && !missing && (
        <Button type="primary" onClick={retry}>
          {t('action.retry')}
        </Button>
      )}
    </div>
  );
}

interface Answer<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
}

/** Shows what a query has: the wait, the failure, or the facts. Stale facts stay visible while a refresh fails. */
export function Show<T>({
  of,
  rows,
  children,
}: {
  of: Answer<T>;
  rows?: number;
  children: (data: T) => ReactNode;
}) {
  if (of.data !== undefined) return <>{children(of.data)}</>;
  if (of.error) return <Broken error={of.error} retry={() => void of.refetch()} />;
  return <Waiting {...(rows && { rows })} />;
}
