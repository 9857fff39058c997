/** One check beside the list: why, what is expected, what may break, how it is set, and on which endpoints it is not so. */
import { FileSearchOutlined, ToolOutlined } from '@ant-design/icons';
import { Alert, Drawer, Segmented, Table, type TableColumnsType } from 'antd';
import { useState } from 'react';
import type { CheckStanding, CheckState, CheckSummary, StandingPage } from '../../api/model';
import { Act } from '../../parts/Act';
import { Blank, Show } from '../../parts/Blank';
import { Copy } from '../../parts/Copy';
import { count, instant } from '../../parts/format';
import { Panel } from '../../parts/Panel';
import { Says } from '../../parts/Says';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { useDenied, useGroups, useList } from './asking';
import { ChangeDrawer } from './ChangeDrawer';
import { ComplianceBar, SeverityMark, StandingMark, STATES } from './standing';
import { Groups } from './Checks';
import { Drifts } from './Drifts';
import { GroupSelect } from './GroupChanges';
import { EndpointLink, Told } from './marks';
import { withCheck } from './settings';
import { rootOf } from './tree';

type List = 'baseline' | 'baseline_set';

export function CheckDrawer(props: {
  check: CheckSummary | null;
  group: string | undefined;
  onClose: () => void;
}) {
  const { say } = useWords();
  const { check, group, onClose } = props;
  return (
    <Drawer
      open={check !== null}
      size={820}
      destroyOnHidden
      onClose={onClose}
      title={check ? say(check.title) : ''}
    >
      {check && <Loaded check={check} group={group} />}
    </Drawer>
  );
}

function Loaded({ check, group }: { check: CheckSummary; group: string | undefined }) {
  const { t, say } = useWords();
  const denied = useDenied();
  const [list, setList] = useState<List | null>(null);
  const breaks = check.breaks.filter(({ code }) => code !== 'baseline.breaks.nothing');
  return (
    <div className="grid">
      <div className="line wrap">
        <Act size="small" icon={<FileSearchOutlined />} denied={denied} onClick={() => setList('baseline')}>
          {t('endpoints.check-ask')}
        </Act>
        <Act
          size="small"
          icon={<ToolOutlined />}
          denied={denied ?? (check.sets ? null : t('endpoints.check-by-hand'))}
          onClick={() => setList('baseline_set')}
        >
          {t('endpoints.check-set')}
        </Act>
        <span className="grow" />
        <a href={check.source} target="_blank" rel="noreferrer">
          {t('endpoints.check-source')}
        </a>
      </div>
      {breaks.length > 0 && (
        <Alert
          type="warning"
          showIcon
          title={t('endpoints.check-breaks')}
          description={<Says list={breaks} />}
        />
      )}
      <Panel>
        <p>{say(check.why)}</p>
        <dl className="facts">
          <dt>{t('endpoints.check-severity')}</dt>
          <dd>
            <SeverityMark severity={check.severity} />
          </dd>
          <dt>{t('endpoints.check-wanted')}</dt>
          <dd>{say(check.wanted)}</dd>
          <dt>{t('endpoints.check-compliance')}</dt>
          <dd>
            <ComplianceBar counts={check} />
          </dd>
          <dt>{t('endpoints.check-asked-by')}</dt>
          <dd>
            <Groups ids={check.asked_by} />
          </dd>
          <dt>{t('endpoints.check-set-in')}</dt>
          <dd>
            <Groups ids={check.set_in} />
          </dd>
        </dl>
      </Panel>
      <Panel title={t('endpoints.check-how')}>
        <Typed name={t('endpoints.check-how-read')} lines={check.read_by} />
        <Typed name={t('endpoints.check-how-set')} lines={check.set_by} />
        <Typed name={t('endpoints.check-how-undo')} lines={check.undo_by} />
        {!check.sets && <p className="muted">{t('endpoints.check-by-hand')}</p>}
      </Panel>
      <Panel flush title={t('endpoints.check-failing')}>
        <Where check={check.id} group={group} />
      </Panel>
      <Panel flush title={t('endpoints.check-view-drifts')}>
        <Drifts query={{ check: check.id, group }} of="check" />
      </Panel>
      {list && <Order list={list} check={check} onClose={() => setList(null)} />}
    </div>
  );
}

/** What a person would type. */
function Typed({ name, lines }: { name: string; lines: string[] }) {
  if (lines.length === 0) return null;
  return (
    <div className="typed">
      <span className="muted small">{name}</span>
      {lines.map((line) => (
        <div key={line} className="line">
          <code className="anywhere">{line}</code>
          <Copy text={line} what={name} />
        </div>
      ))}
    </div>
  );
}

const ROWS_MAX = 200;

function Where({ check, group }: { check: string; group: string | undefined }) {
  const { t, language } = useWords();
  const { filters, set } = useFilters();
  const state = STATES.find((known) => known === filters['state']) ?? 'not';
  const where = useList<StandingPage>('/endpoint-checks/standings', { check, state, group, limit: ROWS_MAX });
  const columns: TableColumnsType<CheckStanding> = [
    {
      title: t('endpoints.machine'),
      width: 200,
      render: (_, row) => <EndpointLink id={row.endpoint} machine={row.machine} />,
    },
    {
      title: t('endpoints.check-standing'),
      width: 116,
      render: (_, { checked }) => <StandingMark state={checked.outcome?.state ?? 'unknown'} />,
    },
    {
      title: t('endpoints.reason'),
      render: (_, { checked }) => (
        <>
          {checked.outcome && <Told message={checked.outcome.why} className="anywhere" />}
          {checked.held && <span className="chip first">{t('endpoints.check-held')}</span>}
        </>
      ),
    },
    {
      title: t('endpoints.since'),
      width: 142,
      render: (_, row) => <span className="num nowrap">{instant(row.since)}</span>,
    },
  ];
  return (
    <>
      <div className="filters">
        <Segmented<CheckState>
          size="small"
          aria-label={t('endpoints.check-standing')}
          value={state}
          options={STATES.map((value) => ({ value, label: t(`endpoints.check-state-${value}`) }))}
          onChange={(next) => set({ state: next })}
        />
      </div>
      <Show of={where} rows={4}>
        {(page) =>
          page.rows.length === 0 ? (
            <Blank title={t('endpoints.check-none-here')} />
          ) : (
            <>
              <Table
                size="small"
                rowKey="endpoint"
                columns={columns}
                dataSource={page.rows}
                pagination={page.rows.length > 20 && { pageSize: 20, size: 'small', showSizeChanger: false }}
                tableLayout="fixed"
                scroll={{ x: 700 }}
                className="top-aligned"
                aria-label={t('endpoints.check-failing')}
              />
              {page.total > page.rows.length && (
                <p className="muted small padded">
                  {t('endpoints.more', { n: count(page.total - page.rows.length, language) })}
                </p>
              )}
            </>
          )
        }
      </Show>
    </>
  );
}

/** A check is asked for, or set, in a group and those below it: a change like any other. */
function Order({ list, check, onClose }: { list: List; check: CheckSummary; onClose: () => void }) {
  const { t, say } = useWords();
  const groups = useGroups().data?.groups ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  const id = chosen ?? rootOf(groups)?.id ?? null;
  const group = groups.find((one) => one.id === id);
  const listed = group?.settings[list]?.includes(check.id) ?? false;
  const sets = list === 'baseline_set';
  return (
    <ChangeDrawer
      title={`${t(sets ? 'endpoints.check-set' : 'endpoints.check-ask')} · ${say(check.title)}`}
      means={
        sets ? t('endpoints.check-set-means', { value: check.sets ?? '' }) : t('endpoints.check-ask-means')
      }
      danger={sets}
      proposal={
        group && !listed
          ? { kind: 'settings', group: group.id, settings: withCheck(group.settings, list, check.id) }
          : null
      }
      wanting={listed ? t('endpoints.listed-already') : t('endpoints.group-needed')}
      onClose={onClose}
    >
      {sets && check.breaks.length > 0 && (
        <Alert
          type="warning"
          showIcon
          className="spaced"
          title={t('endpoints.check-breaks')}
          description={<Says list={check.breaks} />}
        />
      )}
      <div className="change-fields">
        <label>
          <span>{t('endpoints.in-group')}</span>
          <GroupSelect groups={groups} value={id} label={t('endpoints.in-group')} onChange={setChosen} />
          <small className="muted">{t('endpoints.in-group-note')}</small>
        </label>
      </div>
    </ChangeDrawer>
  );
}
