/** All weapons against this host at one look: a tile each, the worst first. */
import { Link } from 'react-router';
import type { ExposureState, HostExposure } from '../../api/model';
import { useWeaponName } from '../../api/weapons';
import { Shape, toneOf } from '../../parts/Marks';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../words';

export const ORDER: Record<ExposureState, number> = { open: 0, unknown: 1, fixed: 2, 'not-affected': 3 };

export function WeaponTiles({ exposure }: { exposure: HostExposure }) {
  const { t } = useWords();
  const name = useWeaponName();
  const tiles = [...exposure.weapons].sort((a, b) => ORDER[a.state] - ORDER[b.state]);
  const states = Object.keys(ORDER) as ExposureState[];
  const legend = states.map((state) => ({
    state,
    n: tiles.filter((weapon) => weapon.state === state).length,
  }));
  return (
    <Panel
      title={t('asset.tiles', { n: tiles.length })}
      extra={
        <span className="line small">
          {legend.map(({ state, n }) => (
            <span key={state} className={`line tone-${toneOf(state)}`} style={{ gap: 4 }}>
              <Shape tone={toneOf(state)} />
              <span className="muted num">
                {t(`state.${state}`)} {n}
              </span>
            </span>
          ))}
        </span>
      }
    >
      <ul className="tiles">
        {tiles.map((weapon) => {
          const tone = toneOf(weapon.state, weapon.reach);
          const state = tone === 'blocked' ? t('state.blocked') : t(`state.${weapon.state}`);
          return (
            <li key={weapon.weapon}>
              <Link
                to={`?tab=weapons#${weapon.weapon}`}
                className={`tile ${tone}`}
                title={`${name(weapon.weapon)}: ${state}, ${t(`reach.${weapon.reach}`)} ${weapon.ports.join(' ')}`}
              >
                <Shape tone={tone} />
                <span className="ellipsis">{name(weapon.weapon)}</span>
                <span className="sr">{state}</span>
              </Link>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
