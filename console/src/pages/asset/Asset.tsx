/** One host: why it is at risk, how the risk comes down, and where every fact came from. */
import { DownOutlined, DownloadOutlined, EditOutlined, PrinterOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Alert, Button, Dropdown, Tabs } from 'antd';
import { useState } from 'react';
import { Link, useParams } from 'react-router';
import { address, get } from '../../api/client';
import type { HostDetail } from '../../api/model';
import { useMay } from '../../api/session';
import { Show } from '../../parts/Blank';
import { PlanMark, UrgencyMark } from '../../parts/Marks';
import { productName, systemDetail } from '../../parts/names';
import { PageHead } from '../../parts/Panel';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { BusinessForm } from './BusinessForm';
import { Disposal } from './Disposal';
import { Patches } from './Patches';
import { Profile } from './Profile';
import { Sources } from './Sources';
import { WeaponTable } from './WeaponTable';

export function Component() {
  const { id = '' } = useParams();
  const path = `/hosts/${encodeURIComponent(id)}`;
  const host = useQuery({ queryKey: ['host', id], queryFn: () => get<HostDetail>(path) });
  return (
    <Show of={host} rows={14}>
      {(detail) => <Loaded key={id} detail={detail} />}
    </Show>
  );
}

function Loaded({ detail }: { detail: HostDetail }) {
  const { t } = useWords();
  const { filters, set } = useFilters();
  const [asking, setAsking] = useState(false);
  const may = useMay();
  const { row, exposure, plan } = detail;
  const open = exposure.weapons.filter((weapon) => weapon.state === 'open').length;
  const count = (value: number) => (value > 0 ? <span className="count-badge num">{value}</span> : null);
  return (
    <>
      <PageHead
        stacked
        title={
          <>
            <Link to="/hosts" className="muted">
              {t('nav.assets')}
            </Link>
            <span className="muted"> / </span>
            {row.label}
          </>
        }
        sub={
          <span>
            {productName(row) ?? t('assets.system-unknown')} <span className="mono">{systemDetail(row)}</span>
          </span>
        }
      >
        <UrgencyMark timeline={plan.urgency.timeline} />
        {detail.standing && <PlanMark state={detail.standing.state} />}
        <Button
          icon={<EditOutlined />}
          disabled={!may('edit-hosts')}
          title={may('edit-hosts') ? undefined : t('denied.edit')}
          onClick={() => setAsking(true)}
        >
          {t('business.title')}
        </Button>
        <Runbooks id={row.id} />
        <Button
          type="primary"
          icon={<DownloadOutlined />}
          href={address(`/hosts/${encodeURIComponent(row.id)}/bundle.zip`)}
          disabled={!may('work-plans')}
          title={may('work-plans') ? undefined : t('denied.work')}
          download
        >
          {t('asset.bundle')}
        </Button>
      </PageHead>
      <Gaps detail={detail} />
      <Tabs
        activeKey={filters['tab'] ?? 'profile'}
        onChange={(tab) => set({ tab: tab === 'profile' ? null : tab })}
        items={[
          { key: 'profile', label: t('asset.profile'), children: <Profile detail={detail} /> },
          {
            key: 'weapons',
            label: (
              <>
                {t('asset.weapons')} {count(open)}
              </>
            ),
            children: <WeaponTable exposure={exposure} />,
          },
          {
            key: 'patches',
            label: (
              <>
                {t('asset.patches')} {count(exposure.open_cves)}
              </>
            ),
            children: <Patches detail={detail} />,
          },
          { key: 'disposal', label: t('nav.disposal'), children: <Disposal detail={detail} /> },
          { key: 'sources', label: t('asset.sources'), children: <Sources detail={detail} /> },
        ]}
      />
      <BusinessForm detail={detail} open={asking} onClose={() => setAsking(false)} />
    </>
  );
}

/** Why the judgement may be incomplete: said first, because unknown is not safe. */
function Gaps({ detail }: { detail: HostDetail }) {
  const { say } = useWords();
  const gaps = detail.exposure.gaps ?? [];
  if (gaps.length === 0) return null;
  return <Alert type="warning" showIcon title={gaps.map(say).join(' · ')} style={{ marginBottom: 8 }} />;
}

function Runbooks({ id }: { id: string }) {
  const { t, language } = useWords();
  const items = (['zh-CN', 'en'] as const).flatMap((lang) =>
    (['html', 'pdf'] as const).map((format) => ({
      key: `${lang}-${format}`,
      label: (
        <a
          href={address(`/hosts/${encodeURIComponent(id)}/runbook`, { lang, format })}
          target="_blank"
          rel="noreferrer"
        >
          {lang === 'en' ? 'English' : '中文'} {format.toUpperCase()}
        </a>
      ),
    })),
  );
  if (language === 'en') items.reverse();
  return (
    <Dropdown menu={{ items }} trigger={['click']}>
      <Button icon={<PrinterOutlined />}>
        {t('asset.runbook')} <DownOutlined style={{ fontSize: 10 }} />
      </Button>
    </Dropdown>
  );
}
