/** The tree of groups, and what holds in the one that is chosen. */
import {
  DeleteOutlined,
  DragOutlined,
  EditOutlined,
  PlusOutlined,
  SettingOutlined,
  UnlockOutlined,
  UndoOutlined,
} from '@ant-design/icons';
import { Alert, Segmented } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import type { EndpointGroup, EndpointGroupDetail, EndpointGroups } from '../../api/model';
import { Act } from '../../parts/Act';
import { Blank, Show } from '../../parts/Blank';
import { count, instant } from '../../parts/format';
import { Name } from '../../parts/Name';
import { Panel } from '../../parts/Panel';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { useDenied, useGroupNames, useGroups, useOne } from './asking';
import { Effective } from './Effective';
import { Doing, type Deed } from './GroupChanges';
import { GroupTree } from './GroupTree';
import { GlassMark, groupPath, ModeMark } from './marks';
import { SettingsFacts } from './saying';
import { moment } from './telling';
import { rootOf } from './tree';

export function Groups() {
  const groups = useGroups();
  return <Show of={groups}>{(data) => <Tree data={data} />}</Show>;
}

function Tree({ data }: { data: EndpointGroups }) {
  const { t } = useWords();
  const { filters, set } = useFilters();
  const shown = filters['group'] ?? rootOf(data.groups)?.id;
  const group = data.groups.find(({ id }) => id === shown);
  return (
    <div className="grid endpoint-groups">
      <GroupTree groups={data.groups} shown={shown} onPick={(id) => set({ group: id })} />
      {group ? (
        <Group key={group.id} group={group} groups={data.groups} />
      ) : (
        <Panel>
          <Blank
            title={t('endpoints.no-group')}
            action={<Link to="/endpoints/groups">{t('endpoints.to-root')}</Link>}
          >
            {shown}
          </Blank>
        </Panel>
      )}
    </div>
  );
}

const VIEWS = ['effective', 'own'] as const;
type View = (typeof VIEWS)[number];

function Group({ group, groups }: { group: EndpointGroup; groups: EndpointGroup[] }) {
  const { t, language } = useWords();
  const { filters, set } = useFilters();
  const nameOf = useGroupNames();
  const [deed, setDeed] = useState<Deed | null>(null);
  const detail = useOne<EndpointGroupDetail>(`/endpoint-groups/${encodeURIComponent(group.id)}`);
  const above = useOne<EndpointGroupDetail>(
    `/endpoint-groups/${encodeURIComponent(group.parent ?? '')}`,
    Boolean(group.parent),
  );
  const n = (value: number) => count(value, language);
  const view: View = filters['view'] === 'own' ? 'own' : 'effective';
  const path = detail.data?.effective.path ?? [];
  return (
    <div className="grid group-page">
      <Panel>
        <div className="group-head">
          {path.length > 1 && (
            <ol className="crumbs" aria-label={t('endpoints.path')}>
              {path.slice(0, -1).map((id) => (
                <li key={id}>
                  <Link to={groupPath(id)}>
                    <Name text={nameOf(id)} />
                  </Link>
                </li>
              ))}
            </ol>
          )}
          <div className="line wrap">
            <h2>
              <Name text={group.name} />
            </h2>
            <ModeMark mode={group.mode} />
            <GlassMark glass={group.glass} />
            <span className="grow" />
            <Actions group={group} groups={groups} onDo={setDeed} />
          </div>
          <div className="line wrap muted small">
            <span className="mono">{group.id}</span>
            <Link to={`/endpoints?${new URLSearchParams({ group: group.id }).toString()}`} className="num">
              {t('endpoints.n-endpoints', { n: n(group.endpoints_below) })}
            </Link>
            <Link to={`/endpoints/checks?${new URLSearchParams({ group: group.id }).toString()}`}>
              {t('endpoints.to-checks')}
            </Link>
            {group.endpoints !== group.endpoints_below && (
              <span className="num">{t('endpoints.n-directly', { n: n(group.endpoints) })}</span>
            )}
            <span className="num">{t('endpoints.orders-version', { version: group.orders })}</span>
          </div>
        </div>
      </Panel>
      {group.glass && (
        <Alert
          type="warning"
          showIcon
          role="alert"
          title={t('endpoints.glass-is-broken', { until: instant(moment(group.glass.until)) })}
          description={
            <>
              {t('endpoints.glass-who', {
                who: group.glass.who,
                group: nameOf(group.glass.group),
                at: instant(moment(group.glass.from)),
              })}{' '}
              <Name text={group.glass.why} className="anywhere" />
            </>
          }
        />
      )}
      <Panel
        flush
        title={t('endpoints.policy')}
        extra={
          <Segmented<View>
            size="small"
            aria-label={t('endpoints.policy')}
            value={view}
            options={VIEWS.map((value) => ({ value, label: t(`endpoints.view-${value}`) }))}
            onChange={(next) => set({ view: next === 'effective' ? null : next })}
          />
        }
      >
        {view === 'own' ? (
          <div className="padded">
            <SettingsFacts settings={group.settings} />
          </div>
        ) : (
          <Show of={detail} rows={10}>
            {(data) => (
              <Effective
                effective={data.effective}
                above={group.parent ? above.data?.effective : undefined}
              />
            )}
          </Show>
        )}
      </Panel>
      {deed && (
        <Doing
          deed={deed}
          group={group}
          groups={groups}
          above={above.data?.effective}
          onClose={() => setDeed(null)}
        />
      )}
    </div>
  );
}

function Actions(props: { group: EndpointGroup; groups: EndpointGroup[]; onDo: (deed: Deed) => void }) {
  const { group, groups, onDo } = props;
  const { t } = useWords();
  const denied = useDenied();
  const isRoot = !group.parent;
  const hasBelow = groups.some(({ parent }) => parent === group.id);
  const ownGlass = group.glass?.group === group.id;
  const noRemoving =
    denied ??
    (isRoot
      ? t('endpoints.root-stays')
      : hasBelow
        ? t('endpoints.has-groups')
        : group.endpoints > 0
          ? t('endpoints.has-endpoints')
          : null);
  return (
    <div className="moves">
      <Act
        size="small"
        type="primary"
        icon={<SettingOutlined />}
        denied={denied}
        onClick={() => onDo('settings')}
      >
        {t('endpoints.do-settings')}
      </Act>
      {ownGlass ? (
        <Act size="small" icon={<UndoOutlined />} denied={denied} onClick={() => onDo('mend-glass')}>
          {t('endpoints.do-mend-glass')}
        </Act>
      ) : (
        <Act
          size="small"
          danger
          icon={<UnlockOutlined />}
          denied={denied ?? (group.mode === 'enforce' ? null : t('endpoints.glass-needless'))}
          onClick={() => onDo('break-glass')}
        >
          {t('endpoints.do-break-glass')}
        </Act>
      )}
      <Act size="small" icon={<PlusOutlined />} denied={denied} onClick={() => onDo('create')}>
        {t('endpoints.do-create')}
      </Act>
      <Act size="small" icon={<EditOutlined />} denied={denied} onClick={() => onDo('rename')}>
        {t('endpoints.do-rename')}
      </Act>
      <Act
        size="small"
        icon={<DragOutlined />}
        denied={denied ?? (isRoot ? t('endpoints.root-stays') : null)}
        onClick={() => onDo('move')}
      >
        {t('endpoints.do-move')}
      </Act>
      <Act size="small" danger icon={<DeleteOutlined />} denied={noRemoving} onClick={() => onDo('remove')}>
        {t('endpoints.do-remove')}
      </Act>
    </div>
  );
}
