/** A weapon: the report's row word for word, and beside it what is known today, each fact with how sure it is. */
import { useQuery } from '@tanstack/react-query';
import { Button, Drawer } from 'antd';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { get } from '../../api/client';
import type { Confidence, WeaponDetail } from '../../api/model';
import { useWeaponName } from '../../api/weapons';
import { Show } from '../../parts/Blank';
import { count } from '../../parts/format';
import { ConfidenceMark, Mark } from '../../parts/Marks';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../words';

export function WeaponCard({ id, onClose }: { id: string | null; onClose: () => void }) {
  const { language } = useWords();
  const weapon = useQuery({
    queryKey: ['weapons', id],
    queryFn: () => get<WeaponDetail>(`/weapons/${encodeURIComponent(id ?? '')}`),
    enabled: id !== null,
  });
  const name = weapon.data?.row.name;
  return (
    <Drawer
      open={id !== null}
      onClose={onClose}
      size={640}
      destroyOnHidden
      title={
        <span>
          {name ? name[language] : id}{' '}
          {name && name.en !== name['zh-CN'] && (
            <span className="muted">{language === 'en' ? name['zh-CN'] : name.en}</span>
          )}
        </span>
      }
    >
      <Show of={weapon}>{(detail) => <Card detail={detail} />}</Show>
    </Drawer>
  );
}

function Card({ detail }: { detail: WeaponDetail }) {
  const { t, language } = useWords();
  const { row, report } = detail;
  const states = [
    ['open', row.counts.open],
    ['unknown', row.counts.unknown],
    ['fixed', row.counts.fixed],
  ] as const;
  return (
    <div className="grid">
      <div className="line">
        <ConfidenceMark confidence={row.confidence} always />
        {row.exploited_since && <Mark tone="open">KEV {row.exploited_since}</Mark>}
        {states.map(([state, hosts]) => (
          <Link key={state} to={`/hosts?weapon=${row.id}&weapon_state=${state}`}>
            <Mark tone={state}>
              {t(`state.${state}`)} {count(hosts, language)}
            </Mark>
          </Link>
        ))}
      </div>
      <Panel title={t('weapon.report')}>
        <dl className="facts">
          <Row name={t('weapon.affects')}>{report.affects}</Row>
          <Row name={t('weapon.remedy')}>{report.remedy}</Row>
          <Row name={t('weapon.ports')}>
            <span className="mono">{report.ports}</span>
          </Row>
          {report.advice && <Row name={t('weapon.advice')}>{report.advice}</Row>}
          {report.links.map((link) => (
            <Row key={link} name={t('weapon.link')}>
              <span className="mono anywhere">{link}</span>
            </Row>
          ))}
        </dl>
        <p className="muted small" style={{ margin: '8px 0 0' }}>
          {t('weapon.report-note')}
        </p>
      </Panel>
      <Panel title={t('weapon.today')}>
        <Today detail={detail} />
      </Panel>
      {detail.remarks.length > 0 && (
        <Panel title={t('weapon.remarks')}>
          <Stated list={detail.remarks} />
        </Panel>
      )}
      {detail.sources.length > 0 && (
        <Panel title={t('weapon.sources')}>
          <ul className="says" style={{ margin: 0 }}>
            {detail.sources.map((source) => (
              <li key={source.id}>
                {source.title} <span className="mono">{source.published}</span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <Link to={`/exposure?weapon=${row.id}`}>
        <Button>{t('weapon.show-hosts')}</Button>
      </Link>
    </div>
  );
}

function Today({ detail }: { detail: WeaponDetail }) {
  const { t, word } = useWords();
  const weapon = useWeaponName();
  const { row, fix } = detail;
  return (
    <dl className="facts">
      <Row name="CVE">
        <ul className="known">
          {detail.cves.map((cve) => (
            <Fact key={cve.cve} confidence={cve.fact.confidence}>
              <span className="mono">{cve.cve}</span>
              {cve.kev && (
                <Mark tone="open" bare>
                  KEV {cve.kev}
                </Mark>
              )}
              {cve.ransomware && <span className="chip warn">{t('weapon.ransomware')}</span>}
            </Fact>
          ))}
        </ul>
      </Row>
      <Row name={t('weapon.bulletin')}>
        {fix ? (
          <Fact as="span" confidence={fix.fact.confidence}>
            <span className="mono">{fix.bulletin}</span> <span className="muted num">{fix.published}</span>
          </Fact>
        ) : (
          row.bulletin
        )}
      </Row>
      <Row name={t('weapon.ports')}>
        <ul className="known">
          {detail.ports.map((port) => (
            <Fact key={port.port} confidence={port.fact.confidence}>
              <span className="mono">{port.port}</span> <span className="muted">{port.service}</span>
            </Fact>
          ))}
        </ul>
      </Row>
      {detail.product && <Row name={t('asset.product')}>{detail.product}</Row>}
      {detail.delivered_by.length > 0 && (
        <Row name={t('weapon.delivered-by')}>{detail.delivered_by.map(weapon).join(' · ')}</Row>
      )}
      <Row name={t('weapon.preconditions')}>
        <Stated list={detail.preconditions} />
      </Row>
      <Row name={t('weapon.mitigations')}>
        <ul className="known">
          {detail.mitigations.map((item) => (
            <Fact key={item.control + item.arguments.join()} confidence={item.fact.confidence}>
              <span>
                {word(`control.${item.control}.title`, word(`disposal.kind.${item.control}`, item.control))}
              </span>
              <span className="mono muted">{item.arguments.join(' ')}</span>
            </Fact>
          ))}
        </ul>
      </Row>
      {detail.attack.length > 0 && (
        <Row name="ATT&CK">
          <span className="mono">{detail.attack.join(' ')}</span>
        </Row>
      )}
    </dl>
  );
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  const empty = children === null || children === undefined || children === '';
  return (
    <div style={{ display: 'contents' }}>
      <dt>{name}</dt>
      <dd>{empty ? <span className="muted">—</span> : children}</dd>
    </div>
  );
}

/** A fact; what is disputed or not verified says so beside it. */
function Fact({
  confidence,
  as: Tag = 'li',
  children,
}: {
  confidence: Confidence;
  as?: 'li' | 'span';
  children: ReactNode;
}) {
  return (
    <Tag className="line">
      {children}
      <ConfidenceMark confidence={confidence} />
    </Tag>
  );
}

function Stated({ list }: { list: WeaponDetail['remarks'] }) {
  const { say } = useWords();
  if (list.length === 0) return <span className="muted">—</span>;
  return (
    <ul className="known">
      {list.map((item, i) => (
        <Fact key={i} confidence={item.fact.confidence}>
          <span>{say(item.message)}</span>
        </Fact>
      ))}
    </ul>
  );
}
