/** Changes of what endpoints are held to: those that wait for a second person first, and who did what when. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { Alert, Input, Modal, Segmented, Table, type TableColumnsType } from 'antd';
import { useContext, useState } from 'react';
import { Link } from 'react-router';
import { sayable, send } from '../../api/client';
import type {
  ChangeDecision,
  PolicyChangePage,
  PolicyChangeRow,
  PolicyProposal,
  PolicyRequestState,
  PolicyTrial,
} from '../../api/model';
import { Signed } from '../../api/session';
import { Act } from '../../parts/Act';
import { useActor } from '../../parts/actor';
import { Blank, Show } from '../../parts/Blank';
import { ago, count, instant } from '../../parts/format';
import { Mark, type Tone } from '../../parts/Marks';
import { Name } from '../../parts/Name';
import { Pager } from '../../parts/Pager';
import { Panel } from '../../parts/Panel';
import { Says } from '../../parts/Says';
import { useFilters } from '../../parts/url';
import { visible } from '../../parts/visible';
import { useWords } from '../../words';
import { useAskAgain, useDenied, useGroupNames, useGroups, useList } from './asking';
import { groupPath } from './marks';
import { SettingsFacts } from './saying';
import { moment } from './telling';
import { Trial } from './Trial';

const VIEWS = ['open', 'all'] as const;
type View = (typeof VIEWS)[number];

const TONES: Record<PolicyRequestState, Tone> = {
  proposed: 'accent',
  approved: 'accent',
  rejected: 'open',
  withdrawn: 'none',
  expired: 'unknown',
  applied: 'fixed',
  rolled_back: 'blocked',
};

export function Changes() {
  const { t } = useWords();
  const { filters, set } = useFilters();
  const view: View = VIEWS.find((known) => known === filters['state']) ?? 'open';
  const changes = useList<PolicyChangePage>(
    '/endpoint-changes',
    { open: view === 'open' ? true : undefined, cursor: filters['cursor'], limit: 50 },
    true,
  );
  return (
    <Panel flush>
      <div className="filters">
        <Segmented<View>
          size="small"
          aria-label={t('endpoints.state')}
          value={view}
          options={VIEWS.map((value) => ({ value, label: t(`endpoints.changes-${value}`) }))}
          onChange={(next) => set({ state: next === 'open' ? null : next, change: null })}
        />
        <span className="muted small">{t('endpoints.changes-means')}</span>
      </div>
      <Show of={changes} rows={8}>
        {(page) =>
          page.rows.length === 0 ? (
            <Blank
              title={t(view === 'open' ? 'endpoints.no-open-changes' : 'endpoints.no-changes')}
              action={
                view === 'open' ? (
                  <Link to="/endpoints/changes?state=all">{t('endpoints.see-all-changes')}</Link>
                ) : (
                  <Link to="/endpoints/groups">{t('endpoints.to-groups')}</Link>
                )
              }
            >
              {t('endpoints.no-changes-note')}
            </Blank>
          ) : (
            <Rows page={page} busy={changes.isPlaceholderData} />
          )
        }
      </Show>
    </Panel>
  );
}

/** What a change does, in a line. */
function useProposalLine(): (proposal: PolicyProposal) => string {
  const { t } = useWords();
  const nameOf = useGroupNames();
  const name = (id: string) => visible(nameOf(id));
  return (proposal) => {
    switch (proposal.kind) {
      case 'create':
        return t('endpoints.line-create', { name: visible(proposal.name), parent: name(proposal.parent) });
      case 'settings':
        return t('endpoints.line-settings', { group: name(proposal.group) });
      case 'rename':
        return t('endpoints.line-rename', { group: name(proposal.group), name: visible(proposal.name) });
      case 'move':
        return t('endpoints.line-move', { group: name(proposal.group), parent: name(proposal.parent) });
      case 'remove':
        return t('endpoints.line-remove', { group: name(proposal.group) });
      case 'break-glass':
        return t('endpoints.line-break-glass', {
          group: name(proposal.group),
          minutes: proposal.minutes,
        });
      case 'mend-glass':
        return t('endpoints.line-mend-glass', { group: name(proposal.group) });
    }
  };
}

function Rows({ page, busy }: { page: PolicyChangePage; busy: boolean }) {
  const { t, say, language } = useWords();
  const { filters, set } = useFilters();
  const actor = useActor();
  const line = useProposalLine();
  const opened = filters['change'] ?? (page.rows.length === 1 ? String(page.rows[0]?.id) : undefined);
  const columns: TableColumnsType<PolicyChangeRow> = [
    { title: '#', width: 60, render: (_, row) => <span className="num muted">{row.id}</span> },
    {
      title: t('endpoints.change'),
      render: (_, row) => {
        const why = row.request.deeds.find(({ step }) => step === 'propose')?.why;
        return (
          <>
            <span className="strong anywhere">{line(row.proposal)}</span>
            {why && (
              <div className="muted small">
                <Name text={why} className="anywhere" />
              </div>
            )}
          </>
        );
      },
    },
    {
      title: t('endpoints.state'),
      width: 130,
      render: (_, row) => (
        <Mark tone={TONES[row.request.state]}>
          <span className="cap">{say({ code: `policy.state-${row.request.state.replace('_', '-')}` })}</span>
        </Mark>
      ),
    },
    {
      title: t('endpoints.proposed-by'),
      width: 150,
      render: (_, row) => {
        const first = row.request.deeds.find(({ step }) => step === 'propose');
        return (
          <>
            <span className="anywhere">{first?.by ? actor(first.by) : '—'}</span>
            <div className="muted small num nowrap">{instant(row.made)}</div>
          </>
        );
      },
    },
    {
      title: t('endpoints.last-step'),
      width: 130,
      render: (_, row) => (
        <span className="nowrap" title={instant(row.changed)}>
          {ago(row.changed, language)}
        </span>
      ),
    },
  ];
  return (
    <>
      <Table
        size="small"
        rowKey={(row) => String(row.id)}
        columns={columns}
        dataSource={page.rows}
        pagination={false}
        loading={busy}
        tableLayout="fixed"
        scroll={{ x: 860 }}
        className="top-aligned"
        aria-label={t('endpoints.tab-changes')}
        expandable={{
          expandedRowKeys: opened ? [opened] : [],
          expandRowByClick: true,
          onExpand: (open, row) => set({ change: open ? String(row.id) : '0', cursor: filters['cursor'] }),
          expandedRowRender: (row) => <Change row={row} />,
        }}
      />
      <Pager total={page.total} shown={page.rows.length} next={page.next ?? undefined} />
    </>
  );
}

const isOpen = (state: PolicyRequestState) => state === 'proposed' || state === 'approved';

function Change({ row }: { row: PolicyChangeRow }) {
  const { t, say } = useWords();
  const { request, proposal } = row;
  const actor = useActor();
  const denied = useDenied();
  const version = useGroups().data?.version;
  const open = isOpen(request.state);
  const until = instant(moment(request.expires));
  // What it would do now: whoever agrees to it sees the difference and not only the words of who proposed it.
  const trial = useQuery({
    queryKey: ['endpoint-trial', row.id, version],
    queryFn: () => send<PolicyTrial>('POST', '/endpoint-changes/try', { proposal, basis: version, why: '' }),
    enabled: open && version !== undefined && denied === null,
    retry: false,
  });
  return (
    <div className="grid change">
      <div className="change-side">
        <h3>{t('endpoints.who-did-what')}</h3>
        <ol className="path">
          {request.deeds.map((deed, i) => (
            <li key={i}>
              <div className="node num">{instant(moment(deed.at))}</div>
              <span className="answer">{t(`endpoints.step-${deed.step}`)}</span>{' '}
              {deed.by && <span className="strong">{actor(deed.by)}</span>}
              {deed.why && (
                <div className="muted small">
                  <Name text={deed.why} className="anywhere" />
                </div>
              )}
            </li>
          ))}
        </ol>
        {open && <p className="muted small">{t('endpoints.expires', { until })}</p>}
        <Decisions row={row} />
      </div>
      <div>
        <h3>
          {t('endpoints.what')} · <Link to={groupPath(row.group)}>{t('endpoints.to-group')}</Link>
        </h3>
        {proposal.kind === 'settings' && !open && <SettingsFacts settings={proposal.settings} />}
        {!open && request.needs_two.length > 0 && (
          <>
            <p className="muted small">{t('endpoints.needed-two')}</p>
            <Says list={request.needs_two} />
          </>
        )}
        {open &&
          (trial.error ? (
            <>
              <Alert type="warning" showIcon title={<Name text={say(sayable(trial.error))} />} />
              {proposal.kind === 'settings' && <SettingsFacts settings={proposal.settings} />}
            </>
          ) : trial.data ? (
            <Trial trial={trial.data} stale={trial.isFetching} />
          ) : denied ? (
            <>
              <Says list={request.needs_two} />
              {proposal.kind === 'settings' && <SettingsFacts settings={proposal.settings} />}
            </>
          ) : (
            <p className="muted">{t('endpoints.trying')}</p>
          ))}
      </div>
    </div>
  );
}

const WHY_NEEDED: readonly ChangeDecision[] = ['reject', 'take-back'];
/** How long one person may take back what was applied. */
const TAKE_BACK_MS = 24 * 3600 * 1000;

function Decisions({ row }: { row: PolicyChangeRow }) {
  const { t, say } = useWords();
  const me = useContext(Signed);
  const denied = useDenied();
  const [deciding, setDeciding] = useState<ChangeDecision | null>(null);
  const { state, deeds } = row.request;
  const first = deeds.find(({ step }) => step === 'propose')?.by;
  const mine = first?.trim().toLowerCase() === me?.name.trim().toLowerCase();
  const applied = [...deeds].reverse().find(({ step }) => step === 'apply')?.at;
  const ways: [ChangeDecision, string | null][] = [];
  if (isOpen(state)) {
    const second = row.denied ? say(row.denied) : null;
    ways.push(['approve', denied ?? second]);
    ways.push(['reject', denied ?? (mine ? (second ?? t('endpoints.withdraw-instead')) : null)]);
    ways.push(['withdraw', denied ?? (mine ? null : t('endpoints.not-yours', { who: first ?? '—' }))]);
  }
  if (state === 'applied') {
    const late = applied !== undefined && Date.now() - applied * 1000 >= TAKE_BACK_MS;
    ways.push(['take-back', denied ?? (late ? t('endpoints.too-late') : null)]);
  }
  if (ways.length === 0) return null;
  return (
    <div className="moves">
      {ways.map(([decision, why]) => (
        <Act
          key={decision}
          size="small"
          type={decision === 'approve' ? 'primary' : 'default'}
          danger={decision === 'reject' || decision === 'take-back'}
          denied={why}
          onClick={() => setDeciding(decision)}
        >
          {t(`endpoints.decide-${decision}`)}
        </Act>
      ))}
      {deciding && <Decide row={row} decision={deciding} onClose={() => setDeciding(null)} />}
    </div>
  );
}

function Decide(props: { row: PolicyChangeRow; decision: ChangeDecision; onClose: () => void }) {
  const { row, decision, onClose } = props;
  const { t, say, language } = useWords();
  const line = useProposalLine();
  const askAgain = useAskAgain();
  const [why, setWhy] = useState('');
  const needed = WHY_NEEDED.includes(decision);
  const decide = useMutation({
    mutationFn: () =>
      send<PolicyChangeRow>('POST', `/endpoint-changes/${row.id}/decide`, { decision, why: why.trim() }),
    onSuccess: onClose,
    onSettled: () => askAgain(),
  });
  return (
    <Modal
      open
      title={t(`endpoints.decide-${decision}-title`, { id: count(row.id, language) })}
      okText={t(`endpoints.decide-${decision}`)}
      okButtonProps={{
        disabled: needed && why.trim() === '',
        danger: decision === 'reject' || decision === 'take-back',
      }}
      cancelText={t('action.cancel')}
      confirmLoading={decide.isPending}
      onOk={() => decide.mutate()}
      onCancel={onClose}
    >
      <p className="strong anywhere">{line(row.proposal)}</p>
      <p>{t(`endpoints.decide-${decision}-means`)}</p>
      {decide.error && (
        <Alert type="error" showIcon className="spaced" title={<Name text={say(sayable(decide.error))} />} />
      )}
      <label className="change-fields">
        <span>{t(needed ? 'endpoints.why' : 'endpoints.why-if-any')}</span>
        <Input.TextArea
          rows={2}
          maxLength={300}
          value={why}
          onChange={(event) => setWhy(event.target.value)}
        />
      </label>
    </Modal>
  );
}
