/** What would change if updates were installed or ports closed. Nothing is changed by asking. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { Alert, Button, Form, Select, Table, type TableColumnsType } from 'antd';
import { Link } from 'react-router';
import { get, sayable, send } from '../../api/client';
import type { Facet, HostCounts, HostPage, WhatIf as Supposition, WhatIfAnswer } from '../../api/model';
import { useWeaponName } from '../../api/weapons';
import { Blank, Waiting } from '../../parts/Blank';
import { count } from '../../parts/format';
import { Panel } from '../../parts/Panel';
import { Says } from '../../parts/Says';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { portOf } from '../asset/business';

interface Answers {
  updates?: string[];
  ports?: string[];
  group?: string;
  zone?: string;
}

/** 4012212 from `KB4012212` or `4012212`; null for anything else. */
export function kbOf(text: string): number | null {
  const found = /^(?:kb)?(\d{6,7})$/i.exec(text.trim());
  return found ? Number(found[1]) : null;
}

export function supposition(answers: Answers): Supposition {
  const text = (value: string | undefined) => (value?.trim() ? value.trim() : null);
  return {
    updates: (answers.updates ?? []).map(kbOf).filter((number) => number !== null),
    close_ports: (answers.ports ?? []).map(portOf).filter((port) => port !== null),
    group: text(answers.group),
    zone: text(answers.zone),
  };
}

export function WhatIf() {
  const { t, say } = useWords();
  const { filters } = useFilters();
  const ask = useMutation({
    mutationFn: (answers: Answers) => send<WhatIfAnswer>('POST', '/fleet/what-if', supposition(answers)),
  });
  const places = useQuery({
    queryKey: ['hosts', 'places'],
    queryFn: () => get<HostPage>('/hosts', { facets: true, limit: 1 }),
  });
  const every = (read: (text: string) => unknown, message: string) => ({
    validator: (_: unknown, list: string[] | undefined) =>
      (list ?? []).every((item) => read(item) !== null)
        ? Promise.resolve()
        : Promise.reject(new Error(message)),
  });
  const tags = { mode: 'tags' as const, tokenSeparators: [',', '，', '、', ' '], className: 'mono' };
  return (
    <div className="grid" style={{ gridTemplateColumns: '340px minmax(0, 1fr)', alignItems: 'start' }}>
      <Panel title={t('what-if.title')}>
        <Form<Answers>
          layout="vertical"
          onFinish={ask.mutate}
          initialValues={filters['updates'] ? { updates: [filters['updates']] } : {}}
        >
          <Form.Item name="updates" label={t('what-if.updates')} rules={[every(kbOf, t('what-if.kb-form'))]}>
            <Select
              {...tags}
              placeholder="KB4012212"
              options={['KB4012212', 'KB4012215', 'KB4012598', 'KB4499175'].map((value) => ({
                value,
                label: value,
              }))}
            />
          </Form.Item>
          <Form.Item name="ports" label={t('what-if.ports')} rules={[every(portOf, t('business.port-form'))]}>
            <Select
              {...tags}
              placeholder="tcp/445"
              options={['tcp/445', 'tcp/139', 'tcp/3389', 'tcp/135', 'tcp/80'].map((value) => ({
                value,
                label: value,
              }))}
            />
          </Form.Item>
          <div className="grid cols-2">
            <Form.Item name="zone" label={t('what-if.zone')}>
              <Place values={places.data?.facets?.['zone']} />
            </Form.Item>
            <Form.Item name="group" label={t('what-if.group')}>
              <Place values={places.data?.facets?.['group']} />
            </Form.Item>
          </div>
          <Button type="primary" htmlType="submit" block loading={ask.isPending}>
            {t('what-if.ask')}
          </Button>
        </Form>
      </Panel>
      <Panel title={t('what-if.answer')} flush>
        {ask.error && <Alert type="error" showIcon title={say(sayable(ask.error))} style={{ margin: 12 }} />}
        {ask.isPending ? (
          <Waiting rows={10} />
        ) : ask.data ? (
          <Answer answer={ask.data} />
        ) : (
          !ask.error && <Blank title={t('what-if.empty')}>{t('what-if.empty-note')}</Blank>
        )}
      </Panel>
    </div>
  );
}

/** One of the zones or groups there are; none is everywhere. The form hands the value and the change in. */
function Place(props: { values: Facet[] | undefined; id?: string; value?: string; onChange?: () => void }) {
  const { t } = useWords();
  const { values, ...field } = props;
  const options = (values ?? [])
    .filter((facet) => facet.value !== '')
    .map(({ value }) => ({ value, label: value }));
  return <Select {...field} allowClear showSearch placeholder={t('what-if.everywhere')} options={options} />;
}

function Answer({ answer }: { answer: WhatIfAnswer }) {
  const { t, language } = useWords();
  const name = useWeaponName();
  const gain = (weapon: WhatIfAnswer['weapons'][number]) =>
    weapon.before.open - weapon.after.open + weapon.reachable_before - weapon.reachable_after;
  // What changes comes first.
  const rows = answer.weapons
    .filter((weapon) => weapon.before.open + weapon.after.open + weapon.before.unknown > 0)
    .sort((a, b) => gain(b) - gain(a) || b.before.open - a.before.open);
  const most = Math.max(1, ...rows.map((row) => Math.max(row.before.open, row.after.open)));
  /** Fewer is better; more of the unknown is no alarm: those hosts were worse before. */
  const change = (before: number, after: number, alarm = true) => (
    <span className="num">
      {count(before, language)}
      <span className="muted"> → </span>
      <span
        className={after < before ? 'tone-fixed strong' : after > before && alarm ? 'tone-open strong' : ''}
      >
        {count(after, language)}
      </span>
    </span>
  );
  const columns: TableColumnsType<(typeof rows)[number]> = [
    {
      title: t('filter.weapon'),
      width: 150,
      render: (_, row) => <Link to={`/hosts?weapon=${row.id}&weapon_state=open`}>{name(row.id)}</Link>,
    },
    {
      title: t('what-if.compare'),
      render: (_, row) => (
        <div
          className="compare"
          role="img"
          aria-label={t('what-if.bar', { before: row.before.open, after: row.after.open })}
        >
          <span className="before" style={{ width: `${(row.before.open / most) * 100}%` }} />
          <span className="after" style={{ width: `${(row.after.open / most) * 100}%` }} />
        </div>
      ),
    },
    {
      title: t('state.open'),
      width: 120,
      align: 'right',
      render: (_, row) => change(row.before.open, row.after.open),
    },
    {
      title: t('what-if.reachable'),
      width: 150,
      align: 'right',
      render: (_, row) => change(row.reachable_before, row.reachable_after),
    },
    {
      title: t('state.unknown'),
      width: 120,
      align: 'right',
      render: (_, row) => change(row.before.unknown, row.after.unknown, false),
    },
  ];
  const figures: [string, keyof HostCounts][] = [
    [t('overview.hit'), 'hit'],
    [t('overview.unknown'), 'unknown'],
    [t('overview.clear'), 'clear'],
  ];
  return (
    <>
      <div
        className="figures"
        style={{ margin: 0, border: 0, borderBottom: '1px solid var(--line)', borderRadius: 0 }}
      >
        {figures.map(([label, key]) => (
          <div className="figure" key={key}>
            <span className="label">{label}</span>
            <span className="value" style={{ fontSize: 20 }}>
              {change(answer.before[key], answer.after[key], key === 'hit')}
            </span>
            {key === 'unknown' && answer.after.unknown > answer.before.unknown && (
              <span className="note">{t('what-if.blind-note')}</span>
            )}
          </div>
        ))}
        <div className="figure">
          <span className="label">{t('what-if.touched')}</span>
          <span className="value" style={{ fontSize: 20 }}>
            {count(answer.touched, language)}
          </span>
        </div>
      </div>
      {answer.warnings.length > 0 && (
        <Alert
          type="warning"
          showIcon
          style={{ margin: 12 }}
          title={t('what-if.warnings')}
          description={<Says list={answer.warnings} />}
        />
      )}
      <Table
        size="small"
        rowKey="id"
        columns={columns}
        dataSource={rows}
        pagination={false}
        aria-label={t('what-if.answer')}
      />
    </>
  );
}
