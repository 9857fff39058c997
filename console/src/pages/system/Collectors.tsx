/** Sensors on other machines: who may deliver, how delivering goes, and the tokens new ones enrol with. */
import { CopyOutlined } from '@ant-design/icons';
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Button, Form, Input, InputNumber, Modal, Table, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { get, sayable, send } from '../../api/client';
import type {
  CollectorPage,
  CollectorRow,
  CollectorState,
  CollectorToken,
  LinkInfo,
  MadeCollectorToken,
} from '../../api/model';
import { useMay } from '../../api/session';
import { Act } from '../../parts/Act';
import { Blank, Show } from '../../parts/Blank';
import { Copy } from '../../parts/Copy';
import { copy } from '../../parts/files';
import { ago, count, instant } from '../../parts/format';
import { Mark, type Tone } from '../../parts/Marks';
import { Pager } from '../../parts/Pager';
import { Panel } from '../../parts/Panel';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';

const TONES: Record<CollectorState, Tone> = {
  connected: 'fixed',
  away: 'unknown',
  ended: 'blocked',
  revoked: 'none',
};
const AGAIN_MS = 5_000;

export function Collectors() {
  const { t } = useWords();
  const { filters } = useFilters();
  const may = useMay();
  const [making, setMaking] = useState(false);
  const cursor = filters['cursor'];
  const collectors = useQuery({
    queryKey: ['collectors', cursor],
    queryFn: () => get<CollectorPage>('/collectors', { cursor, limit: 50 }),
    refetchInterval: AGAIN_MS,
    placeholderData: keepPreviousData,
  });
  const link = collectors.data?.link;
  const denied = may('run-system') ? null : t('collectors.denied');
  const make = (size: 'small' | 'middle') => (
    <Act type="primary" size={size} denied={denied} onClick={() => setMaking(true)}>
      {t('collectors.new-token')}
    </Act>
  );
  return (
    <div className="grid">
      <Show of={collectors}>
        {(page) =>
          !page.link ? (
            <Panel title={t('system.collectors')}>
              <Blank title={t('collectors.off')}>
                {t('collectors.off-note')}
                <code className="code collectors-command">redoubt up --link 0.0.0.0:7312</code>
              </Blank>
            </Panel>
          ) : (
            <>
              <Panel flush title={t('system.collectors')} extra={page.total > 0 && make('small')}>
                {page.rows.length === 0 && page.total === 0 ? (
                  <Blank title={t('collectors.empty')} action={make('middle')}>
                    {t('collectors.empty-note')}
                  </Blank>
                ) : (
                  <>
                    <Rows rows={page.rows} denied={denied} />
                    <Pager total={page.total} shown={page.rows.length} next={page.next ?? undefined} />
                  </>
                )}
              </Panel>
              {page.tokens.length > 0 && <Tokens tokens={page.tokens} denied={denied} />}
              <Server link={page.link} />
            </>
          )
        }
      </Show>
      {making && link && <New link={link} onClose={() => setMaking(false)} />}
    </div>
  );
}

function Rows({ rows, denied }: { rows: CollectorRow[]; denied: string | null }) {
  const { t, say, language } = useWords();
  const n = (value: number) => count(value, language);
  const columns: TableColumnsType<CollectorRow> = [
    {
      title: t('collectors.collector'),
      render: (_, row) => (
        <>
          <strong className="anywhere">{row.machine || row.collector}</strong>
          <div className="mono muted small anywhere">{row.collector}</div>
          {row.trouble && row.state !== 'revoked' && (
            <div className="small tone-blocked">
              {row.trouble.at
                ? t('collectors.refused-last', {
                    when: instant(row.trouble.at),
                    why: say(row.trouble.message),
                  })
                : say(row.trouble.message)}
            </div>
          )}
        </>
      ),
    },
    {
      title: t('exposure.state'),
      width: 132,
      render: (_, row) => <Mark tone={TONES[row.state]}>{t(`collectors.state-${row.state}`)}</Mark>,
    },
    {
      title: t('collectors.last-seen'),
      width: 128,
      render: (_, row) =>
        row.last_seen ? (
          <span className="nowrap" title={instant(row.last_seen)}>
            {ago(row.last_seen, language)}
          </span>
        ) : (
          <span className="muted">{t('collectors.never')}</span>
        ),
    },
    {
      title: t('collectors.delivered'),
      width: 150,
      align: 'right',
      render: (_, row) => (
        <>
          <div className="num nowrap">{t('collectors.n-records', { n: n(row.records) })}</div>
          <div className="muted small num nowrap">{t('collectors.n-batches', { n: n(row.batches) })}</div>
        </>
      ),
    },
    {
      title: t('collectors.missing'),
      width: 150,
      align: 'right',
      render: (_, row) =>
        row.lost + row.refused === 0 ? (
          <span className="muted">0</span>
        ) : (
          <div className="num tone-open small">
            {[
              row.refused > 0 && t('collectors.n-refused', { n: n(row.refused) }),
              row.lost > 0 && t('collectors.n-lost', { n: n(row.lost) }),
            ]
              .filter(Boolean)
              .join(' · ')}
          </div>
        ),
    },
    {
      title: t('collectors.certificate-until'),
      width: 128,
      render: (_, row) => (
        <span className="num nowrap">
          {(row.state !== 'revoked' && row.certificate_until?.slice(0, 10)) || '—'}
        </span>
      ),
    },
    {
      width: 90,
      align: 'right',
      render: (_, row) => row.state !== 'revoked' && <Revoke row={row} denied={denied} />,
    },
  ];
  return (
    <Table
      size="small"
      rowKey="collector"
      columns={columns}
      dataSource={rows}
      pagination={false}
      scroll={{ x: 980 }}
      className="top-aligned"
      aria-label={t('system.collectors')}
    />
  );
}

function Revoke({ row, denied }: { row: CollectorRow; denied: string | null }) {
  const { t, say } = useWords();
  const { modal, message } = App.useApp();
  const queries = useQueryClient();
  const name = row.machine || row.collector;
  const revoke = useMutation({
    mutationFn: () => send('POST', '/collectors/revoke', { collector: row.collector }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['collectors'] }),
    onError: (error) => void message.error(say(sayable(error))),
  });
  return (
    <Act
      size="small"
      danger
      denied={denied}
      loading={revoke.isPending}
      aria-label={t('collectors.revoke-named', { name })}
      onClick={() =>
        modal.confirm({
          title: t('collectors.revoke-title', { name }),
          content: t('collectors.revoke-means'),
          okText: t('collectors.revoke'),
          okButtonProps: { danger: true },
          cancelText: t('action.cancel'),
          onOk: () => revoke.mutateAsync().catch(() => undefined),
        })
      }
    >
      {t('collectors.revoke')}
    </Act>
  );
}

function Tokens({ tokens, denied }: { tokens: CollectorToken[]; denied: string | null }) {
  const { t, say, language } = useWords();
  const { modal, message } = App.useApp();
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: (id: string) => send('DELETE', `/collectors/tokens/${id}`),
    onSettled: () => queries.invalidateQueries({ queryKey: ['collectors'] }),
    onError: (error) => void message.error(say(sayable(error))),
  });
  const columns: TableColumnsType<CollectorToken> = [
    {
      title: t('collectors.token'),
      render: (_, token) => <span className="mono muted">{token.id.slice(0, 12)}…</span>,
    },
    { title: t('collectors.group'), width: 200, render: (_, token) => <strong>{token.group}</strong> },
    {
      title: t('collectors.uses-left'),
      width: 130,
      align: 'right',
      render: (_, token) => count(token.uses_left, language),
    },
    { title: t('jobs.created'), width: 150, render: (_, token) => instant(token.made) },
    { title: t('tokens.expires'), width: 150, render: (_, token) => instant(token.not_after) },
    {
      width: 90,
      align: 'right',
      render: (_, token) => (
        <Act
          size="small"
          denied={denied}
          aria-label={t('collectors.token-revoke-named', { name: token.group })}
          onClick={() =>
            modal.confirm({
              title: t('collectors.token-revoke-title', { name: token.group }),
              content: t('collectors.token-revoke-means'),
              okText: t('collectors.revoke'),
              cancelText: t('action.cancel'),
              onOk: () => revoke.mutateAsync(token.id).catch(() => undefined),
            })
          }
        >
          {t('collectors.revoke')}
        </Act>
      ),
    },
  ];
  return (
    <Panel flush title={t('collectors.tokens')}>
      <Table
        size="small"
        rowKey="id"
        columns={columns}
        dataSource={tokens}
        pagination={false}
        scroll={{ x: 860 }}
        aria-label={t('collectors.tokens')}
      />
    </Panel>
  );
}

function Server({ link }: { link: LinkInfo }) {
  const { t, language } = useWords();
  return (
    <Panel title={t('collectors.server')}>
      <dl className="facts">
        <dt>{t('about.listen')}</dt>
        <dd className="mono">{link.listen}</dd>
        <dt>{t('collectors.authority')}</dt>
        <dd className="mono anywhere">{link.authority_sha256}</dd>
        <dt>{t('collectors.since-start')}</dt>
        <dd className="num">
          {t('collectors.taken', {
            records: count(link.taken_records, language),
            batches: count(link.taken_batches, language),
          })}
          {link.turned_away > 0 && (
            <> · {t('collectors.turned-away', { n: count(link.turned_away, language) })}</>
          )}
        </dd>
      </dl>
    </Panel>
  );
}

interface Answers {
  group: string;
  uses: number;
  days: number;
  server: string;
}

/** Where collectors reach the server: it listens on every address, so the one this page came from is the best guess. */
function reachedAt(link: LinkInfo): string {
  const host = link.listen.replace(/:\d+$/, '');
  const port = link.listen.slice(host.length + 1);
  return ['0.0.0.0', '[::]'].includes(host) ? `${window.location.hostname}:${port}` : link.listen;
}

function New({ link, onClose }: { link: LinkInfo; onClose: () => void }) {
  const { t, say } = useWords();
  const queries = useQueryClient();
  const [form] = Form.useForm<Answers>();
  const make = useMutation({
    mutationFn: (answers: Answers) => send<MadeCollectorToken>('POST', '/collectors/tokens', answers),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['collectors'] }),
  });
  const made = make.data;
  return (
    <Modal
      open
      width={640}
      title={t('collectors.new-token')}
      okText={t(made ? 'action.close' : 'tokens.make')}
      cancelButtonProps={{ style: made ? { display: 'none' } : {} }}
      cancelText={t('action.cancel')}
      confirmLoading={make.isPending}
      mask={{ closable: !made }}
      onOk={() => (made ? onClose() : form.submit())}
      onCancel={onClose}
    >
      {made ? (
        <Made made={made} />
      ) : (
        <>
          {make.error && (
            <Alert type="error" showIcon title={say(sayable(make.error))} style={{ marginBottom: 12 }} />
          )}
          <Form<Answers>
            form={form}
            layout="vertical"
            requiredMark={false}
            initialValues={{ group: 'sensors', uses: 1, days: 7, server: reachedAt(link) }}
            onFinish={make.mutate}
          >
            <Form.Item
              name="group"
              label={t('collectors.group')}
              extra={t('collectors.group-note')}
              rules={[{ required: true, pattern: /^[a-z0-9-]{1,40}$/, message: t('collectors.group-bad') }]}
            >
              <Input maxLength={40} />
            </Form.Item>
            <div className="line collectors-numbers">
              <Form.Item name="uses" label={t('collectors.uses')} rules={[{ required: true, message: '' }]}>
                <InputNumber min={1} max={10_000} precision={0} style={{ width: 140 }} />
              </Form.Item>
              <Form.Item name="days" label={t('tokens.days')} rules={[{ required: true, message: '' }]}>
                <InputNumber min={1} max={30} precision={0} style={{ width: 140 }} />
              </Form.Item>
            </div>
            <Form.Item
              name="server"
              label={t('collectors.address')}
              extra={t('collectors.address-note')}
              rules={[
                {
                  required: true,
                  pattern: /^[A-Za-z0-9.:[\]-]+:\d{1,5}$/,
                  message: t('collectors.address-bad'),
                },
              ]}
            >
              <Input maxLength={260} className="mono" />
            </Form.Item>
          </Form>
        </>
      )}
    </Modal>
  );
}

/** The same token makes a machine with the agent an endpoint. */
const agentCommand = (command: string) =>
  command.replace(/^redoubt collector enrol/, 'redoubt-agent enrol').concat('\nredoubt-agent serve');

/** Shown once: what is pasted on the collector's machine, and what it is made of. */
function Made({ made }: { made: MadeCollectorToken }) {
  const { t } = useWords();
  const { message } = App.useApp();
  return (
    <>
      <Alert type="warning" showIcon title={t('tokens.once')} style={{ marginBottom: 12 }} />
      <p>{t('collectors.paste', { n: made.uses, until: instant(made.not_after) })}</p>
      <pre className="code collectors-command" aria-label={t('collectors.command')}>
        {made.command}
      </pre>
      <Button
        type="primary"
        icon={<CopyOutlined />}
        onClick={() => void copy(made.command).then(() => message.success(t('action.copied')))}
      >
        {t('collectors.copy')}
      </Button>
      <h3 className="agent-title">{t('endpoints.with-agent')}</h3>
      <div className="line">
        <pre className="code collectors-command grow" aria-label={t('endpoints.agent-command')}>
          {agentCommand(made.command)}
        </pre>
        <Copy text={agentCommand(made.command)} />
      </div>
      <dl className="facts" style={{ marginTop: 16 }}>
        <dt>{t('collectors.token')}</dt>
        <dd className="mono anywhere">{made.token}</dd>
        <dt>{t('collectors.authority')}</dt>
        <dd className="mono anywhere">{made.authority_sha256}</dd>
      </dl>
    </>
  );
}
