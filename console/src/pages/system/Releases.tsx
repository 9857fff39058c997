/** Releases of the agent: bundles that were imported, and the keys whose bundles are. */
import { DeleteOutlined } from '@ant-design/icons';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Button, Form, Input, Table, Tooltip, type TableColumnsType } from 'antd';
import { useRef } from 'react';
import { get, sayable, send } from '../../api/client';
import type { AgentKey, AgentRelease, AgentReleases } from '../../api/model';
import { useMay } from '../../api/session';
import { Blank, Show } from '../../parts/Blank';
import { bytes, instant } from '../../parts/format';
import { Name } from '../../parts/Name';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../words';

const KEY = ['agent-releases'];
const PUBLIC = /^[0-9a-fA-F]{64}$/;

export function Releases() {
  const { t } = useWords();
  const here = useQuery({ queryKey: KEY, queryFn: () => get<AgentReleases>('/agent-releases') });
  return (
    <Show of={here}>
      {(here) => (
        <div className="grid">
          <Panel flush title={t('system.releases')} extra={<Import />}>
            <p className="muted small" style={{ padding: '0 16px' }}>
              {t('releases.note')}
            </p>
            <Bundles releases={here.releases} />
          </Panel>
          <Panel flush title={t('releases.keys')}>
            <p className="muted small" style={{ padding: '0 16px' }}>
              {t('releases.key-note')}
            </p>
            <Keys keys={here.keys} />
          </Panel>
        </div>
      )}
    </Show>
  );
}

/** What the server answers is how everything is now. */
function useChange<T>(change: (what: T) => Promise<unknown>) {
  const { say } = useWords();
  const { message } = App.useApp();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () => queries.invalidateQueries({ queryKey: KEY }),
    onError: (error) => void message.error(say(sayable(error))),
  });
}

/** Why somebody may change nothing here, if so. */
function useDenied(): string | null {
  const { t } = useWords();
  return useMay()('run-system') ? null : t('releases.denied');
}

function Import() {
  const { t, say } = useWords();
  const may = useMay();
  const { modal } = App.useApp();
  const queries = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const take = useMutation({
    mutationFn: (files: File[]) => {
      const form = new FormData();
      files.forEach((file) => form.append('file', file, file.name));
      return send<AgentReleases>('POST', '/agent-releases', form);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: KEY }),
    // It says what is wrong with which file, and stays until it was read.
    onError: (error) => void modal.error({ title: t('releases.import'), content: say(sayable(error)) }),
  });
  const denied = may('update-knowledge') ? null : t('denied.knowledge');
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={t('releases.import')}
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          event.target.value = '';
          if (files.length > 0) take.mutate(files);
        }}
      />
      <Tooltip title={denied}>
        <Button
          type="primary"
          size="small"
          disabled={denied !== null}
          loading={take.isPending}
          onClick={() => input.current?.click()}
        >
          {t('releases.import')}
        </Button>
      </Tooltip>
    </>
  );
}

function Bundles({ releases }: { releases: AgentRelease[] }) {
  const { t, language } = useWords();
  const denied = useDenied();
  const { modal } = App.useApp();
  const remove = useChange((one: AgentRelease) =>
    send('DELETE', `/agent-releases/${encodeURIComponent(one.version)}/${encodeURIComponent(one.target)}`),
  );
  if (releases.length === 0) return <Blank title={t('releases.none')} />;
  const columns: TableColumnsType<AgentRelease> = [
    {
      title: t('releases.version'),
      width: 150,
      render: (_, one) => (
        <>
          <strong className="num">{one.version}</strong>
          <div className="muted small">{one.target}</div>
        </>
      ),
    },
    {
      title: t('releases.sha256'),
      render: (_, one) => (
        <>
          <span className="mono anywhere small">{one.sha256}</span>
          {one.notes !== '' && (
            <div className="muted small">
              <Name text={one.notes} />
            </div>
          )}
        </>
      ),
    },
    { title: t('releases.bytes'), width: 100, render: (_, one) => bytes(one.bundle_bytes, language) },
    {
      title: t('releases.key'),
      width: 150,
      render: (_, one) => <Name text={one.key_name ?? one.key} className="anywhere" />,
    },
    {
      title: t('releases.when'),
      width: 170,
      render: (_, one) => (
        <>
          {instant(one.imported)}
          <div className="muted small">{one.owner}</div>
        </>
      ),
    },
    {
      width: 60,
      align: 'right',
      render: (_, one) => (
        <Tooltip title={denied}>
          <Button
            size="small"
            icon={<DeleteOutlined />}
            aria-label={t('releases.remove')}
            disabled={denied !== null}
            onClick={() =>
              modal.confirm({
                title: `${t('releases.remove')}: ${one.version}, ${one.target}`,
                content: t('releases.remove-means', { version: one.version }),
                okText: t('releases.remove'),
                cancelText: t('action.cancel'),
                onOk: () => remove.mutateAsync(one).catch(() => undefined),
              })
            }
          />
        </Tooltip>
      ),
    },
  ];
  return (
    <Table
      size="small"
      rowKey={(one) => `${one.version} ${one.target}`}
      columns={columns}
      dataSource={releases}
      pagination={false}
      aria-label={t('system.releases')}
    />
  );
}

interface NewKey {
  public: string;
  name: string;
}

function Keys({ keys }: { keys: AgentKey[] }) {
  const { t } = useWords();
  const denied = useDenied();
  const { modal } = App.useApp();
  const [form] = Form.useForm<NewKey>();
  const trust = useChange((key: NewKey) =>
    send('PUT', `/agent-keys/${key.public.toLowerCase()}`, { name: key.name }).then(() => form.resetFields()),
  );
  const distrust = useChange((key: AgentKey) => send('DELETE', `/agent-keys/${key.public}`));
  const columns: TableColumnsType<AgentKey> = [
    { title: t('releases.key-name'), width: 200, render: (_, key) => <Name text={key.name} /> },
    {
      title: t('releases.key-public'),
      render: (_, key) => <span className="mono anywhere small">{key.public}</span>,
    },
    {
      title: t('releases.added'),
      width: 170,
      render: (_, key) => (
        <>
          {instant(key.added)}
          <div className="muted small">{key.owner}</div>
        </>
      ),
    },
    {
      width: 60,
      align: 'right',
      render: (_, key) => (
        <Tooltip title={denied}>
          <Button
            size="small"
            icon={<DeleteOutlined />}
            aria-label={t('releases.key-remove')}
            disabled={denied !== null}
            onClick={() =>
              modal.confirm({
                title: `${t('releases.key-remove')}: ${key.name}`,
                content: t('releases.key-remove-means', { name: key.name }),
                okText: t('releases.key-remove'),
                cancelText: t('action.cancel'),
                onOk: () => distrust.mutateAsync(key).catch(() => undefined),
              })
            }
          />
        </Tooltip>
      ),
    },
  ];
  return (
    <>
      {keys.length === 0 ? (
        <Alert type="info" title={t('releases.key-none')} style={{ margin: '0 16px 12px' }} />
      ) : (
        <Table
          size="small"
          rowKey="public"
          columns={columns}
          dataSource={keys}
          pagination={false}
          aria-label={t('releases.keys')}
        />
      )}
      <Form<NewKey>
        form={form}
        disabled={denied !== null}
        layout="inline"
        style={{ padding: 16 }}
        onFinish={trust.mutate}
      >
        <Form.Item
          name="public"
          label={t('releases.key-public')}
          normalize={(text: string) => text.trim()}
          rules={[{ required: true, pattern: PUBLIC, message: t('releases.key-wrong') }]}
        >
          <Input className="mono" maxLength={200} spellCheck={false} style={{ width: 420 }} />
        </Form.Item>
        <Form.Item
          name="name"
          label={t('releases.key-name')}
          rules={[{ required: true, message: t('releases.key-whose') }]}
        >
          <Input maxLength={200} style={{ width: 180 }} />
        </Form.Item>
        <Tooltip title={denied}>
          <Button htmlType="submit" loading={trust.isPending}>
            {t('releases.key-add')}
          </Button>
        </Tooltip>
      </Form>
    </>
  );
}
