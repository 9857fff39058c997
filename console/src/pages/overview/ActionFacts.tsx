/** The line under an action: where it is done, the weapons it takes away, its cost, and whether it lasts. */
import type { FleetAction } from '../../api/model';
import { useWeaponName } from '../../api/weapons';
import { bytes, duration } from '../../parts/format';
import { systemName } from '../../parts/names';
import { useWords } from '../../words';

/** Looking closer takes no exposure away, for now or for good. */
const LOOKS: FleetAction['kind'][] = ['collect-facts', 'examine', 'verify'];

/** `brief` leaves out the costs, where they have columns of their own. */
export function ActionFacts({ action, brief }: { action: FleetAction; brief?: boolean }) {
  const { t, language } = useWords();
  const name = useWeaponName();
  const some = (names: string[], most: number) => {
    const list = names.slice(0, most).join(language === 'zh-CN' ? '、' : ', ');
    return names.length > most ? `${list} +${names.length - most}` : list;
  };
  const systems = [...new Set(action.systems.map(systemName))];
  const weapons = action.weapons.map(name);
  const facts = [
    some(systems, 2),
    some(weapons, 2),
    !brief && action.bytes ? bytes(action.bytes, language) : null,
    !brief && action.minutes ? t('overview.about', { time: duration(action.minutes, language) }) : null,
  ];
  return (
    <div className="muted small" title={[...systems, ...weapons].join(', ')}>
      {!action.lasting && !LOOKS.includes(action.kind) && (
        <span className="chip warn first">{t('fleet.measure')}</span>
      )}
      {facts.filter((fact) => fact !== null && fact !== '').join(' · ')}
    </div>
  );
}
