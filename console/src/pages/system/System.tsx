/** The server itself: accounts, tokens, the audit log, the knowledge, backups. */
import { Tabs } from 'antd';
import { useNavigate, useParams } from 'react-router';
import { useMay } from '../../api/session';
import { Blank } from '../../parts/Blank';
import { PageHead, Panel } from '../../parts/Panel';
import { useWords } from '../../words';
import { About } from './About';
import { Audit } from './Audit';
import { Backup } from './Backup';
import { Collectors } from './Collectors';
import { Knowledge } from './Knowledge';
import { Releases } from './Releases';
import { Tokens } from './Tokens';
import { Users } from './Users';
import type { ReactNode } from 'react';

type Guarded = 'manage-users' | 'use-tokens' | 'read-audit' | 'run-system';

export function Component() {
  const { t } = useWords();
  const { tab } = useParams();
  const go = useNavigate();
  const may = useMay();
  const guarded = (permission: Guarded, page: ReactNode) =>
    may(permission) ? (
      page
    ) : (
      <Panel>
        <Blank title={t('denied.title')}>{t(`permission.${permission}-denied`)}</Blank>
      </Panel>
    );
  const pages: [string, string, ReactNode][] = [
    ['knowledge', t('system.knowledge'), <Knowledge key="k" />],
    ['collectors', t('system.collectors'), <Collectors key="c" />],
    ['releases', t('system.releases'), <Releases key="r" />],
    ['users', t('system.users'), guarded('manage-users', <Users />)],
    ['tokens', t('system.tokens'), guarded('use-tokens', <Tokens />)],
    ['audit', t('system.audit'), guarded('read-audit', <Audit />)],
    ['backup', t('system.backup'), guarded('run-system', <Backup />)],
    ['about', t('system.about'), <About key="a" />],
  ];
  return (
    <>
      <PageHead title={t('nav.system')} />
      <Tabs
        activeKey={tab ?? 'knowledge'}
        destroyOnHidden
        onChange={(next) => void go(`/system/${next}`)}
        items={pages.map(([key, label, children]) => ({ key, label, children }))}
      />
    </>
  );
}
