/** Why and how side by side, then what is known of the host. */
import type { HostDetail } from '../../api/model';
import { useWeaponName } from '../../api/weapons';
import { instant } from '../../parts/format';
import { Mark, ReachMark, StateMark } from '../../parts/Marks';
import { roleKey } from '../../parts/names';
import { Panel } from '../../parts/Panel';
import { Says } from '../../parts/Says';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { profilePath } from '../network/parts';
import { Steps } from './Steps';
import { WeaponTiles } from './WeaponTiles';
import type { ReactNode } from 'react';
import { Link } from 'react-router';

/** What fits beside the reasons; the rest is on its own tab. */
const FIRST_STEPS = 8;
const FIRST_WEAPONS = 4;

export function Profile({ detail }: { detail: HostDetail }) {
  const { t } = useWords();
  return (
    <>
      <WeaponTiles exposure={detail.exposure} />
      <div className="grid cols-2 below">
        <Panel title={t('asset.why')} flush>
          <Why detail={detail} />
        </Panel>
        <Panel title={t('asset.how')}>
          <Steps steps={detail.plan.steps.slice(0, FIRST_STEPS)} brief />
          {detail.plan.steps.length > 0 && (
            <Link to="?tab=disposal">{t('asset.all-steps', { n: detail.plan.steps.length })}</Link>
          )}
        </Panel>
      </div>
      <div className="grid cols-3" style={{ marginTop: 12 }}>
        <Panel title={t('asset.system')}>
          <SystemFacts detail={detail} />
        </Panel>
        <Panel title={t('asset.network')}>
          <NetworkFacts detail={detail} />
        </Panel>
        <Panel title={t('business.title')}>
          <BusinessFacts detail={detail} />
        </Panel>
      </div>
    </>
  );
}

function Why({ detail }: { detail: HostDetail }) {
  const { t } = useWords();
  const { set } = useFilters();
  const name = useWeaponName();
  const acting = detail.exposure.weapons.filter(
    (weapon) => weapon.state === 'open' || weapon.state === 'unknown',
  );
  acting.sort((a, b) => Number(b.state === 'open') - Number(a.state === 'open'));
  const implants = detail.host.facts.implants ?? [];
  if (acting.length === 0) {
    return (
      <div style={{ padding: 14 }}>
        <Mark tone="fixed" bare>
          {t('overview.clear-note')}
        </Mark>
      </div>
    );
  }
  return (
    <ul className="whys">
      {implants.map((implant) => (
        <li key={`implant-${implant.weapon}`}>
          <div className="line">
            <Mark tone="open">{t('asset.implant')}</Mark>
            <strong>{name(implant.weapon)}</strong>
          </div>
          <div className="muted">{implant.evidence}</div>
        </li>
      ))}
      {acting.slice(0, FIRST_WEAPONS).map((weapon) => (
        <li key={weapon.weapon}>
          <div className="line">
            <StateMark state={weapon.state} reach={weapon.reach} />
            <strong>{name(weapon.weapon)}</strong>
            <span className="mono muted">{weapon.ports.join(' ')}</span>
            <span style={{ marginLeft: 'auto' }}>
              <ReachMark reach={weapon.reach} />
            </span>
          </div>
          <Says list={weapon.why.slice(0, 2)} />
        </li>
      ))}
      {acting.length > FIRST_WEAPONS && (
        <li>
          <button type="button" className="link" onClick={() => set({ tab: 'weapons' })}>
            {t('asset.more-weapons', { n: acting.length - FIRST_WEAPONS })}
          </button>
        </li>
      )}
    </ul>
  );
}

function Facts({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <dl className="facts">
      {rows.map(([name, value]) => (
        <div key={name} style={{ display: 'contents' }}>
          <dt>{name}</dt>
          <dd>
            {value === null || value === undefined || value === '' ? <span className="muted">—</span> : value}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function SystemFacts({ detail }: { detail: HostDetail }) {
  const { t } = useWords();
  const { os = {}, updates = {} } = detail.host.facts;
  const { exposure } = detail;
  const support =
    exposure.supported == null ? null : exposure.supported ? (
      <Mark tone="fixed" bare>
        {t('asset.supported')} {exposure.support_ended && t('asset.until', { day: exposure.support_ended })}
      </Mark>
    ) : (
      <Mark tone="blocked" bare>
        {t('asset.ended', { day: exposure.support_ended ?? '' })}
      </Mark>
    );
  const list = updates.known
    ? updates.complete
      ? t('asset.updates-whole', { n: updates.installed?.length ?? 0 })
      : t('asset.updates-cut', { n: updates.installed?.length ?? 0 })
    : t('asset.updates-unknown');
  return (
    <Facts
      rows={[
        [t('asset.product'), [os.product, os.edition].filter(Boolean).join(' ')],
        [t('asset.version'), [os.version, os.ubr == null ? null : `.${os.ubr}`].filter(Boolean).join('')],
        [t('asset.service-pack'), os.service_pack == null ? null : `SP${os.service_pack}`],
        [t('asset.arch'), os.arch],
        [t('filter.role'), os.role ? t(roleKey(os.role)) : null],
        [t('asset.support'), support],
        [t('asset.updates'), list],
        [t('asset.language'), [os.language, os.encoding].filter(Boolean).join(' · ')],
        [t('asset.basis'), os.basis ? t(`basis.${os.basis}`) : null],
        [t('filter.system'), exposure.system ? <span className="mono">{exposure.system}</span> : null],
      ]}
    />
  );
}

const codes = (list: string[] | undefined) =>
  list && list.length > 0 ? <span className="mono">{list.join(' ')}</span> : null;

function NetworkFacts({ detail }: { detail: HostDetail }) {
  const { t } = useWords();
  const { facts } = detail.host;
  const ports = Object.entries(facts.ports ?? {});
  return (
    <Facts
      rows={[
        [t('asset.name'), facts.name],
        [t('asset.domain'), facts.domain],
        [
          t('asset.addresses'),
          (facts.addresses ?? []).length > 0 ? (
            <span className="ports">
              {(facts.addresses ?? []).map((one) => (
                <Link
                  key={one}
                  to={profilePath('host', one)}
                  className="mono"
                  title={t('network.to-profile')}
                >
                  {one}
                </Link>
              ))}
            </span>
          ) : null,
        ],
        [t('asset.macs'), codes(facts.macs)],
        [
          t('asset.ports'),
          ports.length === 0 ? (
            t('asset.ports-unknown')
          ) : (
            <span className="ports">
              {ports.slice(0, 24).map(([port, state]) => (
                <span key={port} title={[state.service, state.product].filter(Boolean).join(' · ')}>
                  <ReachMark reach={state.status} word={port} />
                </span>
              ))}
              {ports.length > 24 && <span className="muted">+{ports.length - 24}</span>}
            </span>
          ),
        ],
        ['SMB1', facts.smb1 == null ? null : t(facts.smb1 ? 'asset.smb1-on' : 'asset.smb1-off')],
        [t('col.seen'), instant(detail.row.last_seen)],
      ]}
    />
  );
}

function BusinessFacts({ detail }: { detail: HostDetail }) {
  const { t, language } = useWords();
  const business = detail.host.facts.business ?? {};
  const yes = (value: boolean | null | undefined) =>
    value == null ? (
      <span className="muted">{t('business.not-asked')}</span>
    ) : (
      t(value ? 'business.yes' : 'business.no')
    );
  const comma = language === 'zh-CN' ? '、' : ', ';
  return (
    <Facts
      rows={[
        [t('business.group'), business.group],
        [t('business.zone'), business.zone],
        [t('business.owner'), business.owner],
        [t('business.value'), business.value],
        [
          t('business.needs-ports'),
          business.needs_ports == null ? (
            <span className="muted">{t('business.not-asked')}</span>
          ) : business.needs_ports.length === 0 ? (
            t('business.none')
          ) : (
            business.needs_ports.join(comma)
          ),
        ],
        [t('business.alternatives'), (business.alternatives ?? []).join(comma)],
        [t('business.patch-conflict'), yes(business.patch_conflict)],
        [t('business.exposed'), yes(business.exposed)],
        [t('business.online'), yes(business.online)],
        [t('business.note'), business.note],
      ]}
    />
  );
}
