/** One host: why it is at risk, how the risk comes down, and where every fact came from. */
import {
  DeleteOutlined,
  DownOutlined,
  DownloadOutlined,
  EditOutlined,
  PrinterOutlined,
} from '@ant-design/icons';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Button, Dropdown, Tabs } from 'antd';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { address, get, sayable, send } from '../../api/client';
import type { HostDetail } from '../../api/model';
import { useMay } from '../../api/session';
import { Act } from '../../parts/Act';
import { Show } from '../../parts/Blank';
import { PlanMark, UrgencyMark } from '../../parts/Marks';
import { productName, systemDetail } from '../../parts/names';
import { PageHead } from '../../parts/Panel';
import { useFilters } from '../../parts/url';
import { count as grouped } from '../../parts/format';
import { useWords } from '../../words';
import { BusinessForm } from './BusinessForm';
import { Disposal } from './Disposal';
import { Falls } from './Falls';
import { Patches } from './Patches';
import { Profile } from './Profile';
import { Sources } from './Sources';
import { TimeLane } from './TimeLane';
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
  const { t, language } = useWords();
  const { filters, set } = useFilters();
  const [asking, setAsking] = useState(false);
  const may = useMay();
  const { row, exposure, plan } = detail;
  const open = exposure.weapons.filter((weapon) => weapon.state === 'open').length;
  const count = (value: number) =>
    value > 0 ? <span className="count-badge num">{grouped(value, language)}</span> : null;
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
        <Act
          icon={<EditOutlined />}
          denied={may('edit-hosts') ? null : t('denied.edit')}
          onClick={() => setAsking(true)}
        >
          {t('business.title')}
        </Act>
        <Runbooks id={row.id} />
        <Delete id={row.id} name={row.label} />
        <Act
          type="primary"
          icon={<DownloadOutlined />}
          href={address(`/hosts/${encodeURIComponent(row.id)}/bundle.zip`)}
          denied={may('work-plans') ? null : t('denied.work')}
          download
        >
          {t('asset.bundle')}
        </Act>
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
          {
            key: 'falls',
            label: t('falls.tab'),
            children: <Falls id={row.id} label={row.label} />,
          },
          { key: 'timeline', label: t('time.tab'), children: <TimeLane id={row.id} /> },
          { key: 'sources', label: t('asset.sources'), children: <Sources detail={detail} /> },
        ]}
      />
      <BusinessForm detail={detail} open={asking} onClose={() => setAsking(false)} />
    </>
  );
}

/** A machine that is gone. The audit log keeps who said so. */
function Delete({ id, name }: { id: string; name: string }) {
  const { t, say } = useWords();
  const { modal, message } = App.useApp();
  const queries = useQueryClient();
  const go = useNavigate();
  const may = useMay();
  const remove = useMutation({
    mutationFn: () => send('DELETE', `/hosts/${encodeURIComponent(id)}`),
    onSuccess: () => {
      void go('/hosts');
      for (const key of ['hosts', 'overview', 'plans', 'graph', 'exposures', 'weapons', 'fleet'])
        void queries.invalidateQueries({ queryKey: [key] });
      void message.success(t('asset.deleted'));
    },
    onError: (error) => void message.error(say(sayable(error))),
  });
  return (
    <Act
      icon={<DeleteOutlined />}
      aria-label={t('asset.delete')}
      title={t('asset.delete')}
      denied={may('delete-hosts') ? null : t('denied.delete')}
      loading={remove.isPending}
      onClick={() =>
        modal.confirm({
          title: t('asset.delete-title', { name }),
          content: t('asset.delete-means'),
          okText: t('asset.delete'),
          okButtonProps: { danger: true },
          cancelText: t('action.cancel'),
          onOk: () => remove.mutateAsync().catch(() => undefined),
        })
      }
    />
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
