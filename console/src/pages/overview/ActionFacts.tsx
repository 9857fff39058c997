/** The line under an action: its kind, whether it lasts, its cost, and the weapons it takes away. */
import type { FleetAction } from '../../api/model';
import { useWeaponName } from '../../api/weapons';
import { bytes, count } from '../../parts/format';
import { useWords } from '../../words';

/** `brief` leaves out the costs, where they have columns of their own. */
export function ActionFacts({ action, brief }: { action: FleetAction; brief?: boolean }) {
  const { t, word, language } = useWords();
  const name = useWeaponName();
  const shown = action.weapons
    .slice(0, 3)
    .map(name)
    .join(language === 'zh-CN' ? '、' : ', ');
  const rest = action.weapons.length - 3;
  const facts = [
    word(`disposal.kind.${action.kind}`),
    !brief && action.bytes ? bytes(action.bytes, language) : null,
    !brief && action.minutes ? t('overview.minutes', { n: count(action.minutes, language) }) : null,
    shown === '' ? null : rest > 0 ? `${shown} +${rest}` : shown,
  ];
  return (
    <div className="muted small" title={action.weapons.map(name).join(', ')}>
      {facts.filter((fact) => fact !== null).join(' · ')}
      {!action.lasting && <span className="chip warn">{t('fleet.measure')}</span>}
    </div>
  );
}
