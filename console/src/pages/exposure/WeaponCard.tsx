/** A weapon: the report's row word for word, and beside it what is known today, each fact with how sure it is. */
import { useQuery } from '@tanstack/react-query';
import { Button, Drawer } from 'antd';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { get } from '../../api/client';
import type { WeaponDetail } from '../../api/model';
import { Show } from '../../parts/Blank';
import { count } from '../../parts/format';
import { ConfidenceMark, Mark } from '../../parts/Marks';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../words';
import { read, type KnownFact, type Known } from './weapon';

export function WeaponCard({ id, onClose }: { id: string | null; onClose: () => void }) {
  const { language } = useWords();
  const weapon = useQuery({
    queryKey: ['weapons', id],
    queryFn: () => get<WeaponDetail>(`/weapons/${encodeURIComponent(id ?? '')}`),
    enabled: id !== null,
  });
  const known = weapon.data && read(weapon.data.knowledge);
  const other = language === 'zh-CN' ? known?.name.zh : undefined;
  return (
    <Drawer
      open={id !== null}
      onClose={onClose}
      size={620}
      destroyOnHidden
      title={
        <span>
          {weapon.data?.row.name ?? id} {other && <span className="muted">{other}</span>}
        </span>
      }
    >
      <Show of={weapon}>{(detail) => <Card detail={detail} known={read(detail.knowledge)} />}</Show>
    </Drawer>
  );
}

function Card({ detail, known }: { detail: WeaponDetail; known: Known }) {
  const { t, language } = useWords();
  const { row } = detail;
  const states = [
    ['open', row.counts.open],
    ['unknown', row.counts.unknown],
    ['fixed', row.counts.fixed],
  ] as const;
  return (
    <div className="grid">
      <div className="line">
        <ConfidenceMark confidence={row.confidence} always />
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
          <Row name={t('weapon.affects')}>{known.report.affects}</Row>
          <Row name={t('weapon.remedy')}>{known.report.remedy}</Row>
          <Row name={t('weapon.ports')}>
            <span className="mono">{known.report.ports}</span>
          </Row>
          {known.report.advice && <Row name={t('weapon.advice')}>{known.report.advice}</Row>}
          {known.report.links.map((link) => (
            <Row key={link} name={t('weapon.link')}>
              <span className="mono anywhere">{link}</span>
            </Row>
          ))}
        </dl>
        <p className="muted small" style={{ marginBottom: 0 }}>
          {t('weapon.report-note')}
        </p>
      </Panel>
      <Panel title={t('weapon.today')}>
        <dl className="facts">
          <Row name="CVE">
            <Facts list={known.cves} mono empty={row.cves.join(' ')} />
          </Row>
          <Row name={t('weapon.bulletin')}>{row.bulletin}</Row>
          <Row name={t('weapon.ports')}>
            <Facts list={known.ports} mono empty={row.ports.join(' ')} />
          </Row>
          {known.product.length > 0 && (
            <Row name={t('asset.product')}>
              <Facts list={known.product} />
            </Row>
          )}
          <Row name={t('weapon.preconditions')}>
            <Facts list={known.preconditions} />
          </Row>
          <Row name={t('weapon.mitigations')}>
            <Facts list={known.mitigations} mono />
          </Row>
          {known.attack.length > 0 && (
            <Row name="ATT&CK">
              <span className="mono">{known.attack.join(' ')}</span>
            </Row>
          )}
        </dl>
      </Panel>
      {known.remarks.length > 0 && (
        <Panel title={t('weapon.remarks')}>
          <Facts list={known.remarks} />
        </Panel>
      )}
      <Link to={`/exposure?weapon=${row.id}`}>
        <Button>{t('weapon.show-hosts')}</Button>
      </Link>
    </div>
  );
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div style={{ display: 'contents' }}>
      <dt>{name}</dt>
      <dd>{children === null || children === undefined || children === '' ? <span className="muted">—</span> : children}</dd>
    </div>
  );
}

function Facts({ list, mono, empty }: { list: KnownFact[]; mono?: boolean; empty?: string }) {
  const { t, word } = useWords();
  if (list.length === 0) return <span className={empty ? 'mono' : 'muted'}>{empty || '—'}</span>;
  return (
    <ul className="known">
      {list.map((fact, i) => (
        <li key={i}>
          <span className={mono && !fact.code ? 'mono' : undefined}>
            {fact.code ? word(fact.code, fact.code) : fact.text}
          </span>
          {fact.kev && (
            <Mark tone="open" bare>
              KEV {fact.kev}
            </Mark>
          )}
          {fact.confidence && <ConfidenceMark confidence={fact.confidence} />}
          {fact.source && <span className="muted small">{t('weapon.source', { source: fact.source })}</span>}
        </li>
      ))}
    </ul>
  );
}
