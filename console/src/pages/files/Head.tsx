/** The head of every page of the files section, with the way to the others. */
import { Segmented } from 'antd';
import { useNavigate } from 'react-router';
import type { ReactNode } from 'react';
import { PageHead } from '../../parts/Panel';
import { useWords } from '../../words';

const TABS = ['files', 'rules', 'lists'] as const;
export type Tab = (typeof TABS)[number];

export function FilesHead({ shown, sub, children }: { shown: Tab; sub: string; children?: ReactNode }) {
  const { t } = useWords();
  const go = useNavigate();
  return (
    <PageHead title={t('nav.files')} sub={sub}>
      {children}
      <Segmented<Tab>
        aria-label={t('files.view')}
        value={shown}
        options={TABS.map((value) => ({ value, label: t(`files.tab-${value}`) }))}
        onChange={(next) => void go(next === 'files' ? '/files' : `/files/${next}`)}
      />
    </PageHead>
  );
}
