/** Rules of YARA that files are matched with: which are in force, what is wrong in them, how they come and go. */
import { DeleteOutlined, InboxOutlined, ReloadOutlined } from '@ant-design/icons';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Progress, Switch, Table, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { get, Problem, sayable, send, upload } from '../../api/client';
import type { AnalysedAgain, FileOverview, FileRuleRefused, FileRules } from '../../api/model';
import { useMay } from '../../api/session';
import { Act } from '../../parts/Act';
import { Blank, Show } from '../../parts/Blank';
import { Copy } from '../../parts/Copy';
import { bytes, count } from '../../parts/format';
import { Shape, type Tone } from '../../parts/Marks';
import { Name } from '../../parts/Name';
import { Panel } from '../../parts/Panel';
import { PickEither } from '../../parts/Pick';
import { Quoted } from '../../parts/Says';
import { SearchBox } from '../../parts/SearchBox';
import { useFilters } from '../../parts/url';
import { visible } from '../../parts/visible';
import { useWords } from '../../words';
import { DropAnywhere } from '../import/DropAnywhere';
import { chosen, form, type Dropped } from '../import/dropped';
import { FilesHead } from './Head';
import { short } from './marks';
import { narrowed, needsOf, RULE_BYTES_MAX, rulesOf, sourcesOf, type Chosen, type Source } from './rules';

const RULES = ['files', 'rules'];
const ROWS = 25;
/** Of many the rest is shown when somebody asks for it. */
const WRONG_FIRST = 3;
const TOLD = 10;
const NAMED = 12;

export function Component() {
  const { t } = useWords();
  const rules = useQuery({
    queryKey: RULES,
    queryFn: ({ signal }) => get<FileRules>('/files/rules', {}, signal),
  });
  return (
    <>
      <FilesHead shown="rules" sub={t('rules.sub')} />
      <Show of={rules} rows={12}>
        {(rules) => <Known rules={rules} />}
      </Show>
    </>
  );
}

function Known({ rules }: { rules: FileRules }) {
  const { t } = useWords();
  return (
    <>
      <PutIn rules={rules} />
      {rules.sources.length === 0 ? (
        <Panel>
          <Blank title={t('rules.empty-title')}>{t('rules.empty')}</Blank>
        </Panel>
      ) : (
        <div className="grid">
          <InForce rules={rules} />
          <Sources rules={rules} />
          {rules.left_out.length > 0 && <LeftOut rules={rules} />}
        </div>
      )}
    </>
  );
}

interface Put extends Chosen {
  before: FileRules;
  after: FileRules;
}

function PutIn({ rules }: { rules: FileRules }) {
  const { t, say, language } = useWords();
  const may = useMay();
  const queries = useQueryClient();
  const [sent, setSent] = useState({ bytes: 0, of: 0, files: 0 });
  const denied = may('judge-files') ? null : t('denied.rules');
  const putting = useMutation({
    mutationFn: async (list: Dropped[]): Promise<Put> => {
      const found = rulesOf(list);
      if (found.rules.length === 0)
        throw new Problem(400, {
          code: 'console.rules.none-chosen',
          params: { n: count(list.length, language) },
        });
      const of = found.rules.reduce((sum, { file }) => sum + file.size, 0);
      const tell = (bytes: number) => setSent({ bytes: Math.min(bytes, of), of, files: found.rules.length });
      tell(0);
      const after = await upload<FileRules>('/files/rules', form(found.rules), tell);
      return { ...found, before: rules, after };
    },
    onSuccess: ({ after }) => queries.setQueryData(RULES, after),
  });
  const take = (list: Dropped[]) => {
    if (list.length > 0 && denied === null && !putting.isPending) putting.mutate(list);
  };
  const compiling = sent.bytes >= sent.of;
  return (
    <>
      <Panel className="send-files">
        {putting.isPending ? (
          <div className="line" role="status">
            <Progress
              percent={sent.of === 0 ? 100 : Math.floor((sent.bytes / sent.of) * 100)}
              size="small"
              style={{ flex: 1, margin: 0 }}
            />
            <span className="muted num nowrap">
              {compiling
                ? t('rules.compiling')
                : t('import.sending', {
                    n: count(sent.files, language),
                    size: bytes(sent.of, language),
                  })}
            </span>
          </div>
        ) : (
          <div className="line wrap">
            <InboxOutlined className="send-icon" aria-hidden="true" />
            <span className="send-words">
              <strong>{denied ?? t('rules.drop')}</strong>{' '}
              <span className="muted small">
                {t('rules.drop-note', { size: bytes(RULE_BYTES_MAX, language) })}
              </span>
            </span>
            <PickEither accept=".yar,.yara" denied={denied} onPick={(list) => take(chosen(list))} />
          </div>
        )}
      </Panel>
      {putting.error && (
        <Alert
          type="error"
          showIcon
          closable
          title={<Quoted text={visible(say(sayable(putting.error)))} />}
          className="spaced"
          onClose={() => putting.reset()}
        />
      )}
      {putting.data && <Result put={putting.data} onClose={() => putting.reset()} />}
      <DropAnywhere
        says={denied ?? t(putting.isPending ? 'files.still-sending' : 'rules.drop-here')}
        onDrop={take}
      />
    </>
  );
}

/** What came of putting some in. */
function Result({ put, onClose }: { put: Put; onClose: () => void }) {
  const { t, language } = useWords();
  const n = (value: number) => count(value, language);
  const { before, after, others, renamed } = put;
  const names = new Set(put.rules.map(({ path }) => path));
  const replaced = before.sources.filter(({ name }) => names.has(name)).length;
  const wrong = after.refused.filter(({ file }) => names.has(file));
  const lines = [
    replaced > 0 && t('rules.put-replaced', { n: n(replaced) }),
    renamed.length > 0 &&
      t('rules.put-renamed', { n: n(renamed.length), names: renamed.slice(0, NAMED).map(visible) }),
    others.length > 0 &&
      t('rules.put-others', { n: n(others.length), size: bytes(RULE_BYTES_MAX, language) }),
    after.left_out.length > 0 && t('rules.put-left-out', { n: n(after.left_out.length) }),
    wrong.length > 0 && t('rules.put-refused', { n: n(wrong.length) }),
  ].filter((line) => line !== false);
  return (
    <Alert
      type={wrong.length > 0 ? 'warning' : 'success'}
      showIcon
      closable
      role="status"
      className="spaced"
      onClose={onClose}
      title={t('rules.put', { n: n(names.size), rules: n(after.rules), before: n(before.rules) })}
      description={
        lines.length > 0 && (
          <>
            {lines.map((line) => (
              <div key={line}>{line}</div>
            ))}
            {wrong.length > 0 && (
              <ul className="rule-faults">
                {wrong.slice(0, TOLD).map((one, i) => (
                  <li key={i}>
                    <Name text={one.file} className="mono anywhere" /> <Fault fault={one} />
                  </li>
                ))}
              </ul>
            )}
            {wrong.length > TOLD && (
              <div className="muted small">{t('rules.put-more', { n: n(wrong.length - TOLD) })}</div>
            )}
          </>
        )
      }
    />
  );
}

function Fault({ fault }: { fault: FileRuleRefused }) {
  const { t, language } = useWords();
  return (
    <>
      {fault.line > 0 && (
        <span className="muted num nowrap">{t('rules.line', { n: count(fault.line, language) })} </span>
      )}
      <span className="anywhere">
        <Quoted text={visible(fault.why)} />
      </span>
    </>
  );
}

function InForce({ rules }: { rules: FileRules }) {
  const { t, language } = useWords();
  const n = (value: number) => count(value, language);
  const size = rules.sources.reduce((sum, source) => sum + source.bytes, 0);
  const within = new Set(rules.refused.map(({ file }) => file)).size;
  const out = rules.left_out.length;
  return (
    <div className="figures five rule-figures">
      <Figure
        label={t('rules.in-force')}
        value={n(rules.rules)}
        tone={rules.rules > 0 ? 'fixed' : 'blocked'}
        note={t(rules.rules > 0 ? 'rules.in-force-note' : 'rules.in-force-none')}
      />
      <Figure
        label={t('rules.files')}
        value={n(rules.sources.length)}
        note={t('rules.files-note', { size: bytes(size, language) })}
      />
      <Figure
        label={t('rules.wrong')}
        value={n(rules.refused.length)}
        tone={rules.refused.length > 0 ? 'blocked' : undefined}
        note={within > 0 ? t('rules.wrong-note', { n: n(within) }) : t('rules.wrong-none')}
      />
      <Figure
        label={t('rules.left-out')}
        value={n(out)}
        tone={out > 0 ? 'partial' : undefined}
        note={t(out > 0 ? 'rules.left-out-note' : 'rules.left-out-none')}
      />
      <div className="figure">
        <span className="label">{t('rules.digest')}</span>
        <span className="value">
          {rules.digest === '' ? (
            <span className="muted set-digest">{t('rules.no-set')}</span>
          ) : (
            <>
              <span className="mono set-digest" title={rules.digest}>
                {short(rules.digest)}
              </span>
              <Copy text={rules.digest} what={t('rules.digest')} />
            </>
          )}
        </span>
        <span className="note">{t('rules.digest-note')}</span>
      </div>
    </div>
  );
}

function Figure(props: { label: string; value: string; note: string; tone?: Tone | undefined }) {
  return (
    <div className="figure">
      <span className="label">{props.label}</span>
      <span className={props.tone ? `value tone-${props.tone}` : 'value'}>
        {props.tone && <Shape tone={props.tone} size={16} />} {props.value}
      </span>
      <span className="note">{props.note}</span>
    </div>
  );
}

function Sources({ rules }: { rules: FileRules }) {
  const { t, language } = useWords();
  const { filters, set } = useFilters();
  const sources = sourcesOf(rules);
  const faulty = sources.filter((source) => source.wrong.length > 0).length;
  const only = filters['wrong'] === 'true';
  const rows = narrowed(sources, { text: filters['q'] ?? '', wrong: only });
  const columns = useColumns();
  return (
    <Panel title={t('rules.sources', { n: count(sources.length, language) })} extra={<Again />} flush>
      <div className="filters" role="search">
        <SearchBox
          value={filters['q'] ?? ''}
          label={t('rules.search')}
          width={230}
          onSearch={(text) => set({ q: text.trim() })}
        />
        <label className="line small">
          <Switch
            size="small"
            checked={only}
            disabled={faulty === 0 && !only}
            onChange={(on) => set({ wrong: on ? 'true' : null })}
          />
          {t('rules.only-wrong', { n: count(faulty, language) })}
        </label>
      </div>
      {rows.length === 0 ? (
        <Blank
          title={t('empty.filtered')}
          action={<Link to="/files/rules">{t('action.clear-filters')}</Link>}
        />
      ) : (
        <Table
          size="small"
          rowKey="name"
          columns={columns}
          dataSource={rows}
          pagination={rows.length > ROWS && { pageSize: ROWS, showSizeChanger: false }}
          tableLayout="fixed"
          scroll={{ x: 860 }}
          className="top-aligned"
          aria-label={t('rules.files')}
        />
      )}
    </Panel>
  );
}

function useColumns(): TableColumnsType<Source> {
  const { t, say, language } = useWords();
  const { modal, message } = App.useApp();
  const may = useMay();
  const queries = useQueryClient();
  const removing = useMutation({
    mutationFn: (name: string) => send<FileRules>('DELETE', `/files/rules/${encodeURIComponent(name)}`),
    onSuccess: (after, name) => {
      queries.setQueryData(RULES, after);
      void message.success(t('rules.removed', { name: visible(name), rules: count(after.rules, language) }));
    },
    onError: (error) => {
      void message.error(say(sayable(error)));
      void queries.invalidateQueries({ queryKey: RULES });
    },
  });
  return [
    {
      title: t('rules.source'),
      width: '38%',
      sorter: (one, other) => one.name.localeCompare(other.name),
      showSorterTooltip: false,
      render: (_, { name }) => <Name text={name} className="strong anywhere" />,
    },
    {
      title: t('rules.state'),
      sorter: (one, other) => one.wrong.length - other.wrong.length,
      sortDirections: ['descend', 'ascend'],
      showSorterTooltip: false,
      render: (_, source) => <Faults source={source} />,
    },
    {
      title: t('rules.size'),
      width: 96,
      align: 'right',
      sorter: (one, other) => one.bytes - other.bytes,
      sortDirections: ['descend', 'ascend'],
      showSorterTooltip: false,
      render: (_, source) => <span className="num nowrap">{bytes(source.bytes, language)}</span>,
    },
    {
      width: 120,
      align: 'right',
      className: 'no-print',
      render: (_, { name }) => (
        <Act
          size="small"
          danger
          icon={<DeleteOutlined />}
          denied={may('judge-files') ? null : t('denied.rules')}
          aria-label={t('rules.remove-named', { name: visible(name) })}
          loading={removing.isPending && removing.variables === name}
          onClick={() =>
            modal.confirm({
              title: t('rules.remove-title', { name: visible(name) }),
              content: t('rules.remove-means'),
              okText: t('rules.remove'),
              okButtonProps: { danger: true },
              cancelText: t('action.cancel'),
              onOk: () => removing.mutateAsync(name).catch(() => undefined),
            })
          }
        >
          {t('rules.remove')}
        </Act>
      ),
    },
  ];
}

function Faults({ source }: { source: Source }) {
  const { t, language } = useWords();
  const [all, setAll] = useState(false);
  if (source.wrong.length === 0) return <span className="muted">{t('rules.all-right')}</span>;
  const shown = all ? source.wrong : source.wrong.slice(0, WRONG_FIRST);
  return (
    <ul className="rule-faults">
      {shown.map((fault, i) => (
        <li key={i}>
          <span className="tone-blocked">
            <Shape tone="blocked" size={11} />
          </span>{' '}
          <Fault fault={fault} />
        </li>
      ))}
      {shown.length < source.wrong.length && (
        <li>
          <button type="button" className="plain-link small no-print" onClick={() => setAll(true)}>
            {t('rules.more-wrong', { n: count(source.wrong.length - shown.length, language) })}
          </button>
        </li>
      )}
    </ul>
  );
}

/** What came before the rules changed is matched with them when somebody asks for it. */
function Again() {
  const { t, say, language } = useWords();
  const { modal, message } = App.useApp();
  const may = useMay();
  const queries = useQueryClient();
  const overview = useQuery({
    queryKey: ['files', 'overview'],
    queryFn: ({ signal }) => get<FileOverview>('/files/overview', {}, signal),
  });
  const files = overview.data?.files;
  const again = useMutation({
    mutationFn: () => send<AnalysedAgain>('POST', '/files/outdated'),
    onSuccess: ({ files }) => {
      void queries.invalidateQueries({ queryKey: ['files'] });
      void queries.invalidateQueries({ queryKey: ['file'] });
      if (files === 0) void message.info(t('rules.again-none'));
      else void message.success(t('rules.again-done', { n: count(files, language) }));
    },
    onError: (error) => void message.error(say(sayable(error))),
  });
  const denied = may('judge-files') ? (files === 0 ? t('rules.again-nothing') : null) : t('denied.rules');
  return (
    <Act
      size="small"
      icon={<ReloadOutlined />}
      denied={denied}
      loading={again.isPending}
      onClick={() =>
        modal.confirm({
          title: t('rules.again-title'),
          content: t('rules.again-means', { n: files === undefined ? '?' : count(files, language) }),
          okText: t('rules.again-go'),
          cancelText: t('action.cancel'),
          onOk: () => again.mutateAsync().catch(() => undefined),
        })
      }
    >
      {t('rules.again')}
    </Act>
  );
}

function LeftOut({ rules }: { rules: FileRules }) {
  const { t, language } = useWords();
  return (
    <Panel title={t('rules.needs', { n: count(rules.left_out.length, language) })} flush>
      <p className="list-note muted small">{t('rules.needs-note')}</p>
      <ul className="rule-needs">
        {needsOf(rules.left_out).map((need) => (
          <li key={`${need.kind} ${need.name}`}>
            <span>
              {need.kind ? t(`rules.needs-${need.kind}`, { name: visible(need.name) }) : visible(need.name)}{' '}
              <span className="count-badge num">{count(need.rules.length, language)}</span>
            </span>
            <span className="mono muted anywhere">
              {need.rules.slice(0, NAMED).map(visible).join(' · ')}
              {need.rules.length > NAMED && ` +${count(need.rules.length - NAMED, language)}`}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
