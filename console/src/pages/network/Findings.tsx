/** Weapons at work: who used which against whom, how far it got, and the frames that show it. */
import { useQuery } from '@tanstack/react-query';
import { Button, Segmented, Table, Tag, type TableColumnsType } from 'antd';
import { Link, useNavigate } from 'react-router';
import { get } from '../../api/client';
import type { FindingGroup, FindingPage, FindingRow, NetworkCounts } from '../../api/model';
import { useWeaponName } from '../../api/weapons';
import { Blank, Show } from '../../parts/Blank';
import { Go } from '../../parts/Act';
import { count, instant } from '../../parts/format';
import { ConfidenceMark } from '../../parts/Marks';
import { Pager } from '../../parts/Pager';
import { Panel } from '../../parts/Panel';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { Notables } from './Notables';
import { End, Evidence, moment, OutcomeMark } from './parts';

/** Targets named in the line of a group; all of them are below it. */
const TARGETS_SHOWN = 2;
const KINDS = ['weapon', 'behaviour', 'indicator'] as const;

/** Weapons, behaviours, indicators: each with what it needs to be told by. */
export function Findings() {
  const { t, language } = useWords();
  const { filters } = useFilters();
  const go = useNavigate();
  const counts = useQuery({ queryKey: ['network'], queryFn: () => get<NetworkCounts>('/network') });
  const what = KINDS.find((known) => known === filters['what']) ?? 'weapon';
  const n = (kind: (typeof KINDS)[number]) =>
    kind === 'weapon'
      ? counts.data?.weapons
      : kind === 'behaviour'
        ? counts.data?.behaviours
        : counts.data?.indicators;
  return (
    <Panel flush>
      <div className="filters">
        <Segmented
          aria-label={t('network.what')}
          value={what}
          options={KINDS.map((value) => ({
            value,
            label: (
              <>
                {t(`network.what-${value}`)}{' '}
                <span className="num muted">{count(n(value) ?? 0, language)}</span>
              </>
            ),
          }))}
          onChange={(next) =>
            void go(next === 'weapon' ? '/network/findings' : `/network/findings?what=${next}`)
          }
        />
      </div>
      {what === 'weapon' ? <Weapons /> : <Notables kind={what} />}
    </Panel>
  );
}

function Weapons() {
  const { t } = useWords();
  const { filters, set } = useFilters();
  const weapon = useWeaponName();
  const { weapon: used, capture, cursor } = filters;
  const query = { weapon: used, capture, cursor, limit: 50 };
  const findings = useQuery({
    queryKey: ['findings', query],
    queryFn: ({ signal }) => get<FindingPage>('/findings', query, signal),
  });
  return (
    <>
      {(used ?? capture) !== undefined && (
        <div className="filters">
          {used && (
            <Tag closable onClose={() => set({ weapon: null })}>
              {t('network.weapon')}: {weapon(used)}
            </Tag>
          )}
          {capture && (
            <Tag closable onClose={() => set({ capture: null })}>
              {t('network.capture')}: #{capture}
            </Tag>
          )}
        </div>
      )}
      <Show of={findings}>
        {(page) =>
          page.groups.length === 0 ? (
            <Nothing filtered={(used ?? capture) !== undefined} />
          ) : (
            <>
              <Groups groups={page.groups} />
              <Pager shown={page.groups.length} next={page.next ?? undefined} />
            </>
          )
        }
      </Show>
    </>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  const { t } = useWords();
  const counts = useQuery({ queryKey: ['network'], queryFn: () => get<NetworkCounts>('/network') });
  if (filtered) {
    return (
      <Blank
        title={t('empty.filtered')}
        action={<Link to="/network/findings">{t('action.clear-filters')}</Link>}
      />
    );
  }
  const read = (counts.data?.captures ?? 0) > 0;
  return (
    <Blank
      title={t(read ? 'network.quiet-title' : 'network.empty-title')}
      action={
        <Go to={read ? '/network/sessions' : '/network/captures'} type="primary">
          {t(read ? 'network.see-sessions' : 'network.upload')}
        </Go>
      }
    >
      {t(read ? 'network.quiet' : 'network.empty')}
    </Blank>
  );
}

const key = (group: FindingGroup) => `${group.weapon} ${group.outcome} ${group.originator.address}`;

function Groups({ groups }: { groups: FindingGroup[] }) {
  const { t, language } = useWords();
  const weapon = useWeaponName();
  const columns: TableColumnsType<FindingGroup> = [
    {
      title: t('network.weapon'),
      width: 190,
      render: (_, group) => (
        <Link to={`/exposure?weapon=${group.weapon}&card=${group.weapon}`} className="strong">
          {weapon(group.weapon)}
        </Link>
      ),
    },
    {
      title: t('network.outcome'),
      width: 104,
      render: (_, group) => <OutcomeMark outcome={group.outcome} />,
    },
    {
      title: t('network.who-whom'),
      render: (_, group) => <Whom group={group} />,
    },
    {
      title: t('network.count'),
      width: 84,
      align: 'right',
      render: (_, group) => <span className="num">{count(group.count, language)}</span>,
    },
    {
      title: t('network.first'),
      width: 142,
      render: (_, group) => <span className="num nowrap">{instant(group.first)}</span>,
    },
    {
      title: t('network.last'),
      width: 142,
      render: (_, group) => <span className="num nowrap">{instant(group.last)}</span>,
    },
    {
      title: t('network.evidence-title'),
      className: 'no-print',
      width: 136,
      align: 'right',
      render: (_, group) => {
        const best = group.findings.find((found) => found.evidence) ?? group.findings[0];
        return best && <Evidence path={`/findings/${best.id}/evidence.pcap`} kept={best.evidence} />;
      },
    },
  ];
  return (
    <Table
      size="small"
      rowKey={key}
      columns={columns}
      dataSource={groups}
      pagination={false}
      scroll={{ x: 980 }}
      aria-label={t('network.findings')}
      expandable={{
        expandedRowRender: (group) => <Members group={group} />,
        ...(groups.length <= 3 && { defaultExpandAllRows: true }),
      }}
    />
  );
}

function Whom({ group }: { group: FindingGroup }) {
  const { t, language } = useWords();
  const seen = new Map(group.findings.map((found) => [found.responder.address, found.responder]));
  const shown = [...seen.values()].slice(0, TARGETS_SHOWN);
  const rest = group.targets - shown.length;
  return (
    <span className="whom">
      <End end={group.originator} />
      <span className="muted" aria-label={t('network.against')}>
        →
      </span>
      {shown.map((end) => (
        <End key={end.address} end={end} />
      ))}
      {rest > 0 && (
        <span className="muted nowrap">{t('network.more-hosts', { n: count(rest, language) })}</span>
      )}
    </span>
  );
}

/** Each target, sign and capture of a group by itself. */
function Members({ group }: { group: FindingGroup }) {
  const { t, word, language } = useWords();
  const { set } = useFilters();
  const columns: TableColumnsType<FindingRow> = [
    { title: t('network.target'), render: (_, row) => <End end={row.responder} plain /> },
    {
      title: t('network.sign'),
      render: (_, row) => (
        <span title={row.finding.sign}>
          {word(`console.sign.${row.finding.sign}`, row.finding.sign)}{' '}
          <ConfidenceMark confidence={row.confidence} />
        </span>
      ),
    },
    {
      title: t('network.count'),
      width: 72,
      align: 'right',
      render: (_, row) => count(row.finding.count, language),
    },
    {
      title: t('network.when'),
      width: 180,
      render: (_, row) => <span className="num nowrap">{moment(row.finding.first)}</span>,
    },
    {
      title: t('network.conversations'),
      width: 130,
      render: (_, row) => {
        const ids = row.finding.community_ids;
        const [one] = ids;
        if (one === undefined) return <span className="muted">—</span>;
        return (
          <Link
            to={
              ids.length === 1
                ? `/network/sessions?capture=${row.capture}&community=${encodeURIComponent(one)}`
                : `/network/sessions?capture=${row.capture}&weapon=${row.finding.weapon}&kind=conversation`
            }
          >
            {t('network.show-conversations', { n: count(ids.length, language) })}
          </Link>
        );
      },
    },
    {
      title: t('network.capture'),
      width: 84,
      render: (_, row) => (
        <Button
          type="link"
          size="small"
          className="thin"
          onClick={() => set({ capture: String(row.capture) })}
        >
          #{row.capture}
        </Button>
      ),
    },
    {
      className: 'no-print',
      width: 136,
      align: 'right',
      render: (_, row) => <Evidence path={`/findings/${row.id}/evidence.pcap`} kept={row.evidence} />,
    },
  ];
  return (
    <>
      <Table size="small" rowKey="id" columns={columns} dataSource={group.findings} pagination={false} />
      {group.findings.length >= 50 && <p className="muted small">{t('network.members-cut')}</p>}
    </>
  );
}
