/** What the house says of files, above what the rules find: the allow-list, the deny-list, publishers that are trusted. */
import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { useMutation, useQuery } from '@tanstack/react-query';
import { App, Table, type TableColumnsType } from 'antd';
import { useState, type ReactNode } from 'react';
import { Link } from 'react-router';
import { get, sayable, send } from '../../api/client';
import type { FileList, FilePage } from '../../api/model';
import type { FilePublisher, FilePublishers } from '../../api/model';
import { useMay } from '../../api/session';
import { Act } from '../../parts/Act';
import { useActor } from '../../parts/actor';
import { Blank, Show } from '../../parts/Blank';
import { Copy } from '../../parts/Copy';
import { count, instant } from '../../parts/format';
import { Shape } from '../../parts/Marks';
import { Name } from '../../parts/Name';
import { Panel } from '../../parts/Panel';
import { SearchBox } from '../../parts/SearchBox';
import { useFilters } from '../../parts/url';
import { visible } from '../../parts/visible';
import { useWords } from '../../words';
import { FilesHead } from './Head';
import { Passwords } from './Passwords';
import { Trust, useTouched } from './Trust';

const ROWS = 25;

const signedBy = (sha1: string) => `/files?${new URLSearchParams({ has: `signed-by:${sha1}` }).toString()}`;

export function Component() {
  const { t, language } = useWords();
  const publishers = useQuery({
    queryKey: ['files', 'publishers'],
    queryFn: ({ signal }) => get<FilePublishers>('/files/publishers', {}, signal),
  });
  const known = publishers.data?.publishers;
  return (
    <>
      <FilesHead shown="lists" sub={t('lists.sub')} />
      <div className="figures three">
        <OnList list="deny" />
        <OnList list="allow" />
        <div className="figure">
          <span className="label">{t('lists.publishers')}</span>
          <span className="value">{known ? count(known.length, language) : '—'}</span>
          <span className="note">{t('lists.publishers-note')}</span>
        </div>
      </div>
      <p className="muted small lists-how">{t('lists.how')}</p>
      <Publishers known={known}>
        <Show of={publishers} rows={6}>
          {({ publishers }) => <Rows publishers={publishers} />}
        </Show>
      </Publishers>
      <Passwords />
    </>
  );
}

function OnList({ list }: { list: FileList }) {
  const { t, language } = useWords();
  const query = { list, limit: 1 };
  const files = useQuery({
    queryKey: ['files', query],
    queryFn: ({ signal }) => get<FilePage>('/files', query, signal),
  });
  const total = files.data?.total;
  return (
    <Link className="figure" to={`/files?list=${list}`}>
      <span className="label">{t(`lists.${list}`)}</span>
      <span className="value">
        {total === undefined ? (
          '—'
        ) : (
          <span className={total === 0 ? 'muted' : `tone-${list === 'deny' ? 'open' : 'fixed'}`}>
            <Shape tone={list === 'deny' ? 'open' : 'fixed'} size={16} /> {count(total, language)}
          </span>
        )}
      </span>
      <span className="note">{t(`lists.${list}-note`)}</span>
    </Link>
  );
}

function Publishers(props: { known: readonly FilePublisher[] | undefined; children: ReactNode }) {
  const { t, language } = useWords();
  const may = useMay();
  const [adding, setAdding] = useState(false);
  const { known } = props;
  return (
    <Panel
      title={known ? t('publisher.title', { n: count(known.length, language) }) : t('lists.publishers')}
      extra={
        <Act
          type="primary"
          size="small"
          icon={<PlusOutlined />}
          denied={may('judge-files') ? null : t('denied.publishers')}
          onClick={() => setAdding(true)}
        >
          {t('publisher.add')}
        </Act>
      }
      flush
    >
      {props.children}
      {adding && <Trust known={known ?? []} onClose={() => setAdding(false)} />}
    </Panel>
  );
}

function Rows({ publishers }: { publishers: readonly FilePublisher[] }) {
  const { t } = useWords();
  const { filters, set } = useFilters();
  const columns = useColumns();
  if (publishers.length === 0)
    return <Blank title={t('publisher.empty-title')}>{t('publisher.empty')}</Blank>;
  const asked = (filters['q'] ?? '').trim().toLowerCase();
  const rows = publishers.filter(({ name, sha1, reason, owner }) =>
    `${name}\n${sha1}\n${reason}\n${owner}`.toLowerCase().includes(asked),
  );
  return (
    <>
      <p className="list-note muted small">{t('publisher.means')}</p>
      <div className="filters" role="search">
        <SearchBox
          value={filters['q'] ?? ''}
          label={t('publisher.search')}
          width={260}
          onSearch={(text) => set({ q: text.trim() })}
        />
      </div>
      {rows.length === 0 ? (
        <Blank
          title={t('empty.filtered')}
          action={<Link to="/files/lists">{t('action.clear-filters')}</Link>}
        />
      ) : (
        <Table
          size="small"
          rowKey="sha1"
          columns={columns}
          dataSource={rows}
          pagination={rows.length > ROWS && { pageSize: ROWS, showSizeChanger: false }}
          tableLayout="fixed"
          scroll={{ x: 980 }}
          className="top-aligned"
          aria-label={t('lists.publishers')}
        />
      )}
    </>
  );
}

function useColumns(): TableColumnsType<FilePublisher> {
  const { t, say, language } = useWords();
  const { modal, message } = App.useApp();
  const actor = useActor();
  const may = useMay();
  const touched = useTouched();
  const removing = useMutation({
    mutationFn: ({ sha1 }: FilePublisher) => send('DELETE', `/files/publishers/${sha1}`),
    onSuccess: (_, { name }) => void message.success(t('publisher.removed', { name: visible(name) })),
    onSettled: touched,
    onError: (error) => void message.error(say(sayable(error))),
  });
  return [
    {
      title: t('publisher.name'),
      sorter: (one, other) => one.name.localeCompare(other.name),
      showSorterTooltip: false,
      render: (_, { name }) => <Name text={name} className="strong anywhere" />,
    },
    {
      title: t('publisher.thumbprint'),
      width: 350,
      render: (_, { sha1 }) => (
        <span className="digest nowrap">
          <span className="mono">{sha1}</span>
          <Copy text={sha1} what="SHA-1" />
        </span>
      ),
    },
    {
      title: t('publisher.reason'),
      render: (_, { reason }) => <Name text={reason} className="anywhere" />,
    },
    {
      title: t('publisher.files'),
      width: 80,
      align: 'right',
      sorter: (one, other) => (one.files ?? 0) - (other.files ?? 0),
      sortDirections: ['descend', 'ascend'],
      showSorterTooltip: false,
      render: (_, { sha1, files }) =>
        files == null ? (
          <span className="muted">—</span>
        ) : (
          <Link
            className={files > 0 ? 'num' : 'num muted'}
            to={signedBy(sha1)}
            title={t('publisher.files-signed')}
          >
            {count(files, language)}
          </Link>
        ),
    },
    {
      title: t('publisher.added'),
      width: 140,
      sorter: (one, other) => one.added.localeCompare(other.added),
      sortDirections: ['descend', 'ascend'],
      showSorterTooltip: false,
      render: (_, { added, owner }) => (
        <>
          <span className="num nowrap">{instant(added)}</span>
          <div className="muted small ellipsis">{actor(owner)}</div>
        </>
      ),
    },
    {
      width: 118,
      align: 'right',
      className: 'no-print',
      render: (_, publisher) => (
        <Act
          size="small"
          danger
          icon={<DeleteOutlined />}
          denied={may('judge-files') ? null : t('denied.publishers')}
          aria-label={t('publisher.remove-named', { name: visible(publisher.name) })}
          loading={removing.isPending && removing.variables.sha1 === publisher.sha1}
          onClick={() =>
            modal.confirm({
              title: t('publisher.remove-title', { name: visible(publisher.name) }),
              content: t('publisher.remove-means', {
                n: publisher.files == null ? '?' : count(publisher.files, language),
              }),
              okText: t('publisher.remove'),
              okButtonProps: { danger: true },
              cancelText: t('action.cancel'),
              onOk: () => removing.mutateAsync(publisher).catch(() => undefined),
            })
          }
        >
          {t('publisher.remove')}
        </Act>
      ),
    },
  ];
}
