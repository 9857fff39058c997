/** The frame around every page: sections on the left, search and settings on top. */
import {
  ApartmentOutlined,
  AppstoreOutlined,
  ClusterOutlined,
  DashboardOutlined,
  FileSearchOutlined,
  HddOutlined,
  LaptopOutlined,
  ScheduleOutlined,
  SettingOutlined,
} from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Alert } from 'antd';
import type { ReactNode } from 'react';
import { Navigate, NavLink, Outlet, useLocation, useNavigation } from 'react-router';
import { get, Problem } from '../api/client';
import { useNotices } from '../api/events';
import type { JobList } from '../api/model';
import { Signed, useMe, useStatus } from '../api/session';
import { Down } from '../pages/door/Down';
import { Waiting } from '../parts/Blank';
import { Logo } from '../parts/Logo';
import { useWords, type WordKey } from '../words';
import { Top } from './Top';

const SECTIONS: { path: string; name: WordKey; icon: ReactNode }[] = [
  { path: '/overview', name: 'nav.overview', icon: <DashboardOutlined /> },
  { path: '/hosts', name: 'nav.assets', icon: <HddOutlined /> },
  { path: '/exposure', name: 'nav.exposure', icon: <ClusterOutlined /> },
  { path: '/disposal', name: 'nav.disposal', icon: <AppstoreOutlined /> },
  { path: '/network', name: 'nav.network', icon: <ApartmentOutlined /> },
  { path: '/files', name: 'nav.files', icon: <FileSearchOutlined /> },
  { path: '/endpoints', name: 'nav.endpoints', icon: <LaptopOutlined /> },
  { path: '/jobs', name: 'nav.jobs', icon: <ScheduleOutlined /> },
  { path: '/system', name: 'nav.system', icon: <SettingOutlined /> },
];

export function Shell() {
  const status = useStatus();
  const me = useMe(status.data?.setup_needed === false);
  const { pathname, search } = useLocation();

  if (status.data?.setup_needed) return <Navigate to="/setup" replace />;
  if (me.error instanceof Problem && me.error.status === 401) {
    const expired = me.data === undefined ? '' : '&expired=true';
    return <Navigate to={`/login?from=${encodeURIComponent(pathname + search)}${expired}`} replace />;
  }
  const error = status.error ?? me.error;
  if (!me.data) {
    if (!error) return <Waiting />;
    const again = () => void (status.error ? status.refetch() : me.refetch());
    return <Down error={error} retry={again} />;
  }
  return (
    <Signed value={me.data}>
      <Frame version={status.data?.version ?? ''} />
    </Signed>
  );
}

function Frame({ version }: { version: string }) {
  const { t } = useWords();
  const navigation = useNavigation();
  const lost = useNotices();
  return (
    <div className="frame">
      <a className="skip" href="#page">
        {t('nav.skip')}
      </a>
      <aside className="side">
        <div className="brand">
          <Logo />
          <span>
            Redoubt <small>纵深</small>
          </span>
        </div>
        <nav aria-label={t('nav.label')}>
          {SECTIONS.map((section) => (
            <NavLink key={section.path} to={section.path}>
              {section.icon}
              <span>{t(section.name)}</span>
              {section.path === '/jobs' && <Running />}
            </NavLink>
          ))}
        </nav>
        <footer>v{version}</footer>
      </aside>
      <Top />
      <main className="page" id="page" tabIndex={-1} aria-busy={navigation.state === 'loading'}>
        {lost && (
          <Alert
            type="warning"
            showIcon
            role="alert"
            title={t('problem.lost')}
            style={{ marginBottom: 12 }}
          />
        )}
        <Outlet />
      </main>
    </div>
  );
}

/** How many jobs run now; nothing when none does. */
function Running() {
  const jobs = useQuery({
    queryKey: ['jobs', 'recent'],
    queryFn: () => get<JobList>('/jobs', { limit: 50 }),
  });
  const busy = jobs.data?.jobs.filter((job) => job.state === 'running' || job.state === 'queued').length ?? 0;
  return busy === 0 ? null : <span className="count">{busy}</span>;
}
