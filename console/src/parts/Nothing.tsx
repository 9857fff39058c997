/** An empty answer is good news only where there are hosts; without any it says so, and what to do. */
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { get } from '../api/client';
import type { Overview } from '../api/model';
import { useWords } from '../words';
import { Blank } from './Blank';
import { ImportButton } from './ImportButton';

/** `children` is the good news. */
export function Nothing({ children }: { children: ReactNode }) {
  const { t } = useWords();
  const overview = useQuery({ queryKey: ['overview'], queryFn: () => get<Overview>('/overview') });
  if (overview.data?.hosts.total !== 0) return children;
  return (
    <Blank title={t('overview.empty-title')} action={<ImportButton />}>
      {t('overview.empty')}
    </Blank>
  );
}
